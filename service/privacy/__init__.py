"""Personal data: what is where, for how long; given out, erased, and held where the law says so."""
