"""VietQR as PyPI's napas-qr-python writes and reads it. JSON lines in, JSON lines out.

The questions and answers are those of vietqr.mjs, and three fields more: those of tag 64.
"""

import json
import sys

from qr_pay import QRPay, decode

SERVICES = {"QRIBFTTA": "ACCOUNT", "QRIBFTTC": "CARD", "QRPUSH": "PAYMENT", "QRCASH": "CASH_WITHDRAWL"}
INITIATIONS = {"11": "STATIC", "12": "DYNAMIC"}
NAMES = {
    "init": "point_of_initiation_method",
    "guid": "glocal_uuid",
    "bin": "bin_id",
    "account": "consumer_id",
    "service": "service_code",
    "category": "merchant_category_code",
    "currency": "transaction_currency",
    "amount": "transaction_amount",
    "fee_indicator": "tip_or_convenience_indicator",
    "fee_fixed": "convenience_fee_fixed",
    "fee_percent": "convenience_fee_percentage",
    "country": "country_code",
    "merchant_name": "merchant_name",
    "merchant_city": "merchant_city",
    "postal_code": "postal_code",
    "bill_number": "bill_number",
    "mobile_number": "mobile_number",
    "store_label": "store_label",
    "loyalty_number": "loyalty_number",
    "reference": "reference_label",
    "customer_label": "customer_label",
    "terminal_label": "terminal_label",
    "purpose": "purpose_of_transaction",
    "consumer_request": "additional_consumer_data_request",
    "language": "language_preference",
    "language_name": "merchant_name_alt",
    "language_city": "merchant_city_alt",
}


def encode_op(question: dict) -> dict:
    given = {theirs: question.get(ours) for ours, theirs in NAMES.items()}
    given["service_code"] = given["service_code"] and SERVICES[given["service_code"]]
    init = given["point_of_initiation_method"]
    given["point_of_initiation_method"] = init and INITIATIONS[init]
    return {"text": QRPay(**given).code}


def decode_op(question: dict) -> dict:
    found = decode(question["text"])
    return {ours: found.get(theirs) for ours, theirs in NAMES.items()}


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
