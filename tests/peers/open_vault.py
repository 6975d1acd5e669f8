"""Opens a vault with somebody else's SQLCipher: SQLite3 Multiple Ciphers through apsw.

JSON lines in, JSON lines out:
  {"path":"vault.db","key":"<64 hex digits>"}  (or 96: the key and the file's salt)
    -> {"ok":true,"integrity":"ok","journal_mode":"wal","tables":{"entry":12,…}}
  {"path":"vault.db","key":null}, or a wrong key
    -> {"ok":false,"refused":true,"error":…}
  with "query": "SELECT …"  the answer also has "rows"
  {"op":"make","path":…,"key":…,"statements":["CREATE …"]}  writes a file for our own side to open

A table that cannot be counted (a virtual table whose tokenizer only our core has) counts null.
The file is opened as it stands, never changed; its "-wal" belongs beside it.
"""

import json
import re
import sys
from contextlib import closing

import apsw

KEY = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{96})", re.IGNORECASE)


def open_file(path: str, key: str | None, flags: int) -> apsw.Connection:
    db = apsw.Connection(path, flags=flags)
    if key is not None:
        if not KEY.fullmatch(key):
            raise ValueError("the key is 64 or 96 hex digits")
        db.pragma("cipher", "sqlcipher")
        db.pragma("legacy", 4)
        db.execute(f"PRAGMA key = \"x'{key}'\"").fetchall()
    return db


def count(db: apsw.Connection, table: str) -> int | None:
    quoted = table.replace('"', '""')
    try:
        return db.execute(f'SELECT count(*) FROM "{quoted}"').get
    except apsw.SQLError:
        return None


def integrity(db: apsw.Connection) -> str:
    try:
        return "\n".join(row[0] for row in db.execute("PRAGMA quick_check"))
    except apsw.SQLError as error:
        return str(error)


def read(question: dict) -> dict:
    with closing(open_file(question["path"], question.get("key"), apsw.SQLITE_OPEN_READONLY)) as db:
        names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        answer = {
            "tables": {name: count(db, name) for (name,) in names.fetchall()},
            "integrity": integrity(db),
            "journal_mode": db.pragma("journal_mode"),
        }
        if "query" in question:
            answer["rows"] = [
                [f"x'{cell.hex()}'" if isinstance(cell, bytes) else cell for cell in row]
                for row in db.execute(question["query"])
            ]
        return answer


def make(question: dict) -> dict:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    with closing(open_file(question["path"], question["key"], flags)) as db:
        for statement in question["statements"]:
            db.execute(statement).fetchall()
    return {}


def main() -> None:
    for line in sys.stdin:
        try:
            question = json.loads(line)
            answer = {"ok": True} | (make if question.get("op") == "make" else read)(question)
        except apsw.NotADBError as error:
            answer = {"ok": False, "refused": True, "error": str(error)}
        except Exception as error:
            answer = {"ok": False, "refused": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
