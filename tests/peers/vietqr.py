"""VietQR as PyPI's napas-qr-python writes and reads it. JSON lines in, JSON lines out.

The questions and answers are those of vietqr.mjs.
"""

import json
import sys

from qr_pay import QRPay, decode

SERVICES = {"QRIBFTTA": "ACCOUNT", "QRIBFTTC": "CARD", "QRPUSH": "PAYMENT", "QRCASH": "CASH_WITHDRAWL"}


def encode_op(question: dict) -> dict:
    amount = question.get("amount")
    qr = QRPay(
        bin_id=question["bin"],
        consumer_id=question["account"],
        transaction_amount=None if amount is None else str(amount),
        purpose_of_transaction=question.get("purpose"),
        service_code=SERVICES[question.get("service") or "QRIBFTTA"],
        point_of_initiation_method="STATIC" if amount is None else "DYNAMIC",
    )
    return {"text": qr.code}


def decode_op(question: dict) -> dict:
    found = decode(question["text"])
    aliases = {alias: code for code, alias in SERVICES.items()}
    service = found.get("service_code")
    init = found.get("point_of_initiation_method")
    return {
        "bin": found.get("bin_id"),
        "account": found.get("consumer_id"),
        "amount": found.get("transaction_amount"),
        "purpose": found.get("purpose_of_transaction"),
        "service": aliases.get(service, service),
        "init": {"STATIC": "11", "DYNAMIC": "12"}.get(init, init),
        "guid": found.get("glocal_uuid"),
        "currency": found.get("transaction_currency"),
        "country": found.get("country_code"),
        "category": found.get("merchant_category_code"),
        "merchant_name": found.get("merchant_name"),
        "merchant_city": found.get("merchant_city"),
        "bill_number": found.get("bill_number"),
        "reference": found.get("reference_label"),
    }


OPERATIONS = {"encode": encode_op, "decode": decode_op}


def main() -> None:
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        answer: dict = {}
        try:
            question = json.loads(line)
            if "id" in question:
                answer["id"] = question["id"]
            answer |= {"ok": True, **OPERATIONS[question["op"]](question)}
        except Exception as error:  # whatever the peer throws is its refusal
            answer |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
