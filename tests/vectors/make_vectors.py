"""Test vectors from the Python package auth101 0.3.1, and the check of ours by it.

    python3 -m venv /tmp/auth101-python
    /tmp/auth101-python/bin/pip install "auth101[all]==0.3.1" "bcrypt<4.1"
    /tmp/auth101-python/bin/python tests/vectors/make_vectors.py           # writes the JSON files beside this one
    /tmp/auth101-python/bin/python tests/vectors/make_vectors.py --tokens  # and mints new tokens.json, with new times
    /tmp/auth101-python/bin/python tests/vectors/make_vectors.py --check   # asks Python about rust.json and its own

Salts are derived from the case's number, so that a run changes nothing. Every verdict is the package's own: the script
says what to ask, never what the answer is. Tokens of tokens.json also stand in tests/wire/python-token.json and
tests/wire/previous-secrets.json.
"""

import hashlib
import json
import sys
import unicodedata
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import bcrypt  # noqa: E402
from argon2.low_level import Type, hash_secret  # noqa: E402
from auth101.security.hashing import hash_password, verify_password  # noqa: E402
from auth101.security.tokens import (  # noqa: E402
    create_access_token,
    create_refresh_token,
    create_token,
    verify_access_token,
    verify_refresh_token,
)

HERE = Path(__file__).parent
SECRET = "wire-conversations-sign-with-this-secret"
OLD_SECRET = "the-secret-of-last-year-which-only-verifies"
# Decades: the tokens must verify for as long as the tests are run.
FAR = 60 * 24 * 365 * 60

PASSWORDS = ["correct horse battery staple", "pässwörd 🦀", "nul\0inside", "   ", "e\u0301", "é", "x" * 4096]


def salt(number, length):
    return hashlib.shake_128(f"salt {number}".encode()).digest(length)


def judged(password, text, refused_here=None):
    """A verdict. `refused_here` says why ours refuses on purpose what Python verifies."""
    case = {"password": password, "hash": text, "verifies": verify_password(password, text)}
    return case | {"refused_here": refused_here} if refused_here else case


def argon2():
    cases = []

    def make(password, variant=Type.ID, m=64, t=1, p=1, salt_length=16, tag_length=32, version=19):
        number = len(cases)
        return hash_secret(
            password.encode(), salt(number, salt_length), time_cost=t, memory_cost=m, parallelism=p,
            hash_len=tag_length, type=variant, version=version,
        ).decode()

    def add(password, text):
        cases.append(judged(password, text))

    plain = PASSWORDS[0]
    for variant in (Type.I, Type.D, Type.ID):
        for version in (16, 19):
            add(plain, make(plain, variant, version=version))
            without = make(plain, variant, version=version).replace(f"$v={version}", "")
            add(plain, without)
    for length in (8, 9, 15, 16, 17, 32, 47, 48, 49, 63, 64):
        add(plain, make(plain, salt_length=length))
    for length in (16, 17, 31, 32, 33, 63, 64):
        add(plain, make(plain, tag_length=length))
    for m, t, p in ((8, 1, 1), (16, 3, 2), (128, 10, 16), (1024, 2, 1), (19456, 2, 1), (4096, 3, 4), (333, 5, 7)):
        add(plain, make(plain, m=m, t=t, p=p))
    for password in PASSWORDS:
        add(password, make(password))
        add(password + "x" if len(password) < 4096 else "y" * 4096, make(password))
    add("É", make("é"))
    add("e\u0301", make("é"))
    add("nul", make("nul\0inside"))
    add(plain, hash_password_fixed(plain))

    good = make(plain)
    head, m, tail = "$argon2id$v=19$", "m=64,t=1,p=1", good.split("m=64,t=1,p=1")[1]
    padded = "$" + tail.split("$")[1] + "==$" + tail.split("$")[2] + "="
    for text in (
        head + "t=1,m=64,p=1" + tail,
        head + "m=64,p=1,t=1" + tail,
        head + m + ",keyid=AA" + tail,
        head + m + ",data=AA" + tail,
        head + m + padded,
        good + "\n",
        " " + good,
        good + " ",
        good.upper(),
        good.replace("argon2id", "ARGON2ID"),
        good.replace("v=19", "v=18"),
        good.replace("v=19", "v=0x13"),
        good.replace("m=64", "m=+64"),
        good.replace("t=1", "t=0"),
        good.replace("p=1", "p=0"),
        good.replace("$argon2id", "argon2$argon2id"),
        good[:-1],
        good + "$",
        good[1:],
        good.rsplit("$", 1)[0],
        good[:-1] + chr(ord(good[-1]) + 1),
        head + m + "$" + tail.split("$")[1][:-1] + "R$" + tail.split("$")[2],
        "",
        "plain",
        "pbkdf2_sha256$600000$c2FsdA$aGFzaA",
        "$6$rounds=5000$salt$hash",
    ):
        add(plain, text)
    for why, text in (
        ("a tag under 16 bytes can be guessed", make(plain, tag_length=15)),
        ("a tag under 16 bytes can be guessed", make(plain, tag_length=4)),
        ("over max_argon2_memory", make(plain, m=65537)),
        ("over max_argon2_iterations", make(plain, t=11)),
        ("over max_argon2_parallelism", make(plain, m=136, p=17)),
    ):
        cases.append(judged(plain, text, why))
    return cases


def hash_password_fixed(password):
    """What sign-up writes. Its salt is random; the recorded one is kept so that a run changes nothing."""
    try:
        recorded = json.loads((HERE / "argon2.json").read_text())
        return next(case["hash"] for case in recorded if "m=65536,t=3,p=4" in case["hash"])
    except (FileNotFoundError, StopIteration):
        return hash_password(password)


def bcrypt_cases():
    cases = []

    def make(password, prefix="2b", cost=4):
        encoded = bcrypt_base64(salt(len(cases), 16))
        data = password if isinstance(password, bytes) else password.encode()
        text = bcrypt.hashpw(data[:72], f"$2b${cost:02}${encoded}".encode()).decode()
        return text.replace("$2b$", f"${prefix}$", 1)

    def add(password, text):
        cases.append(judged(password, text))

    plain = PASSWORDS[0]
    for prefix in ("2a", "2b", "2y", "2x", "2", "2c"):
        add(plain, make(plain, prefix))
    for cost in (4, 5, 8, 12):
        add(plain, make(plain, cost=cost))
    for password in PASSWORDS:
        if "\0" not in password:
            add(password, make(password))
    add(plain + "x", make(plain))
    add("", make(""))
    add("nul\0inside", make("nul"))
    add("nul", make("nul"))
    for length in (71, 72, 73, 80):
        add("a" * length, make("a" * length))
    add("a" * 72 + "b", make("a" * 72 + "c"))
    add("a" * 71 + "b", make("a" * 71 + "c"))
    # The 72nd byte falls inside a character: the rest of the character does not count.
    add("a" * 71 + "é", make("a" * 71 + "é"))
    add("a" * 71 + "ê", make("a" * 71 + "é"))
    add("a" * 71 + "Ā", make("a" * 71 + "é"))
    add("a" * 70 + "🦀", make("a" * 70 + "🦀"))
    add("a" * 70 + "🦁", make("a" * 70 + "🦀"))
    add("a" * 72 + "\0", make("a" * 72))

    good = make(plain)
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    def next_character(text, index):
        changed = alphabet[alphabet.index(text[index]) ^ 1]
        return text[:index] + changed + text[index + 1:]

    for text in (
        # Bits that the encoding does not use, set by some implementations.
        next_character(good, 28),
        next_character(good, 59),
        # Bits that count.
        next_character(good, 27),
        next_character(good, 58),
        good + "\n",
        " " + good,
        good[:-1],
        good + ".",
        good.replace("$04$", "$4$"),
        good.replace("$04$", "$03$"),
        good.replace("$04$", "$+4$"),
        good.replace("$2b$", "$2B$"),
        good[1:],
        "bcrypt" + good,
        "bcrypt_sha256$" + good,
    ):
        add(plain, text)
    return cases


def bcrypt_base64(data):
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 6)
    return "".join(alphabet[int(bits[at:at + 6], 2)] for at in range(0, len(bits), 6))


def tokens():
    people = [
        ("6f1c0c6e-5a3b-4a53-9d7e-0d9a52a3a001", "ada@example.com", "77777777-7777-4777-b777-777777777777"),
        ("not-a-uuid", "jürgen@例え.jp", "88888888-8888-4888-8888-888888888888"),
    ]
    minted = []
    for secret in (SECRET, OLD_SECRET, "schlüssel-mit-umlaut-und-32-byte-lang"):
        for user_id, email, jti in people:
            minted.append({
                "secret": secret, "user_id": user_id, "email": email, "jti": jti,
                "access": create_access_token(user_id, secret, email, expires_in_minutes=FAR),
                "refresh": create_refresh_token(user_id, secret, jti, email, expires_in_minutes=FAR),
                "typeless": create_token(user_id, secret, expires_in_minutes=FAR, email=email),
                "expired": create_access_token(user_id, secret, email, expires_in_minutes=-1),
            })
    return minted


def emails():
    def normal(raw):
        # As auth101/features/email_password/service.py does before every use.
        return raw.lower().strip()

    raws = [
        "Ada@Example.COM", "  Ada@Example.COM\t", "\x1c\x1d\x1e\x1fa@b\x85\xa0\u3000", "\u212a@x", "\u0130@x",
        "\u1e9e@x", "ΟΔΟΣ@x", "ΟΔΟΣ.@x", "Σ@x", "ΑΣΑ@x", "\u200ba@b\ufeff", "\u180ea@b\0", "\ufeffA@B", "a b@c",
        "İI@ı", "ÅÅ@x", "e\u0301É@x", "ǅ@x", "🦀@X", "notanemail", "", " ", "\u2003\n", "A" * 300 + "@b",
    ]
    assigned = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    lowered = [character for character in assigned if character.lower() != character]
    return {
        "unicode": unicodedata.unidata_version,
        "cases": [[raw, normal(raw)] for raw in raws],
        "lowered": [" ".join(lowered), " ".join(character.lower() for character in lowered)],
        "trimmed": "".join(character for character in assigned if character.strip() == ""),
    }


def write(name, value):
    if isinstance(value, list):
        text = "[\n" + ",\n".join("  " + json.dumps(item, ensure_ascii=True) for item in value) + "\n]\n"
    else:
        text = json.dumps(value, ensure_ascii=True, indent=2) + "\n"
    (HERE / name).write_text(text)


def check():
    failures = 0

    def expect(what, expected, got):
        nonlocal failures
        if expected != got:
            failures += 1
            print(f"{what}: expected {expected!r}, got {got!r}")

    ours = json.loads((HERE / "rust.json").read_text())
    for case in ours["hashes"]:
        expect(case["hash"], True, verify_password(case["password"], case["hash"]))
        expect(case["hash"] + " with another password", False, verify_password(case["password"] + "x", case["hash"]))
    for case in ours["tokens"]:
        for kind, verify in (("access", verify_access_token), ("refresh", verify_refresh_token)):
            claims = verify(case[kind], ours["secret"]) or {}
            expect(case[kind], [case["user_id"], case["email"], kind], [claims.get(key) for key in ("sub", "email", "type")])
        expect("a refresh token as access token", None, verify_access_token(case["refresh"], ours["secret"]))
        expect("jti", case["jti"], (verify_refresh_token(case["refresh"], ours["secret"]) or {}).get("jti"))
    for name in ("argon2.json", "bcrypt.json"):
        for case in json.loads((HERE / name).read_text()):
            expect(f"{name}: {case['hash']}", case["verifies"], verify_password(case["password"], case["hash"]))
    if failures:
        sys.exit(f"{failures} verdicts differ")
    print(f"{len(ours['hashes'])} hashes and {2 * len(ours['tokens'])} tokens of ours verify in Python; its own still do")


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        check()
    else:
        write("argon2.json", argon2())
        write("bcrypt.json", bcrypt_cases())
        if not (HERE / "tokens.json").exists() or "--tokens" in sys.argv[1:]:
            write("tokens.json", tokens())
        write("emails.json", emails())
