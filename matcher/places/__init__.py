"""Where holders and firms sit: province and city, as far as public facts tell."""
