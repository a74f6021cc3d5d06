"""The server's secret: made once, for its owner alone, two at once while it is rotated."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from service.auth.refusals import SecretUnusable
from service.auth.secret import FILE, Secret, Secrets

ONE, TWO = "a" * 32, "b" * 40


def test_the_file_is_made_at_first_use_and_read_by_all(tmp_path: Path) -> None:
    home = tmp_path / "home"
    secrets = Secrets(home, "")
    assert secrets.known() == ()
    assert not home.exists()
    made = secrets.current()
    assert (home / FILE).stat().st_mode & 0o777 == 0o600
    assert Secrets(home, "").known() == (made,)
    assert [path.name for path in home.iterdir()] == [FILE]


def test_of_many_that_make_it_at_once_one_wins(tmp_path: Path) -> None:
    found: list[Secret] = []
    threads = [
        threading.Thread(target=lambda: found.append(Secrets(tmp_path, "").current()))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len({secret.secret_id for secret in found}) == 1


def test_rotation_keeps_the_one_before_and_is_seen_elsewhere(tmp_path: Path) -> None:
    here, elsewhere = Secrets(tmp_path, ""), Secrets(tmp_path, "")
    first = here.current()
    assert elsewhere.known() == (first,)
    second = here.rotate()
    assert elsewhere.known() == (second, first)
    third = elsewhere.rotate()
    assert here.known() == (third, second)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_the_environment_goes_first(tmp_path: Path) -> None:
    Secrets(tmp_path, "").current()
    given = Secrets(tmp_path, f"{TWO}, {ONE}")
    assert given.known() == (Secret.of(TWO), Secret.of(ONE))
    assert given.current() == Secret.of(TWO)
    with pytest.raises(SecretUnusable, match="NEW,OLD"):
        given.rotate()


@pytest.mark.parametrize("bad", ["short", f"{ONE},short", f"{ONE},", f"{ONE},{TWO},{ONE}", "  "])
def test_what_is_no_secret_is_refused_without_repeating_it(tmp_path: Path, bad: str) -> None:
    with pytest.raises(SecretUnusable) as refused:
        Secrets(tmp_path, bad)
    assert "short" not in str(refused.value)
    assert ONE not in str(refused.value)


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    Secrets(tmp_path, "").current()
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(SecretUnusable, match="chmod 600"):
        Secrets(tmp_path, "").known()


def test_nothing_of_a_secret_is_told_by_its_name_or_its_repr() -> None:
    secret = Secret.of(ONE)
    assert ONE[:8] not in repr(secret)
    assert secret.signing.hex() not in repr(secret)
    assert len({secret.secret_id, secret.signing.hex()[:8], secret.digest("x")[:8]}) == 3
    assert secret.digest("x") != Secret.of(TWO).digest("x")
