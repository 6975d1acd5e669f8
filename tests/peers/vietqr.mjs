// VietQR as npm's vietnam-qr-pay writes and reads it. JSON lines in, JSON lines out:
//   {"op":"encode","bin":"970436","account":"0011001234567","amount":"150000","purpose":"HD 12","service":"QRIBFTTA"}
//     -> {"ok":true,"text":"000201…"}
//   {"op":"decode","text":"000201…"}
//     -> {"ok":true,"bin":…,"account":…,"amount":…,"purpose":…,"service":…,"init":"11"|"12", …}
// "amount", "purpose" and "service" may be absent. What the peer refuses: {"ok":false,"error":…}.
// An "id" in the question comes back in the answer.
import { createInterface } from "node:readline";
import pay from "vietnam-qr-pay";

const { QRPay } = pay;

function encode({ bin, account, amount, purpose, service }) {
  const qr = QRPay.initVietQR({
    bankBin: bin,
    bankNumber: account,
    amount: amount == null ? undefined : String(amount),
    purpose: purpose ?? undefined,
    service: service ?? undefined,
  });
  return { text: qr.build() };
}

function decode({ text }) {
  const qr = new QRPay(text);
  if (!qr.isValid) throw new Error("not a valid QR for payment");
  return {
    bin: qr.consumer.bankBin ?? null,
    account: qr.consumer.bankNumber ?? null,
    amount: qr.amount ?? null,
    purpose: qr.additionalData.purpose ?? null,
    service: qr.provider.service ?? null,
    init: qr.initMethod ?? null,
    guid: qr.provider.guid ?? null,
    currency: qr.currency ?? null,
    country: qr.nation ?? null,
    category: qr.category ?? null,
    merchant_name: qr.merchant.name ?? null,
    merchant_city: qr.city ?? null,
    bill_number: qr.additionalData.billNumber ?? null,
    reference: qr.additionalData.reference ?? null,
  };
}

const operations = { encode, decode };

for await (const line of createInterface({ input: process.stdin })) {
  let id;
  let answer;
  try {
    const question = JSON.parse(line);
    id = question.id;
    const operation = operations[question.op];
    if (!operation) throw new Error(`no such op: ${question.op}`);
    answer = { ok: true, ...operation(question) };
  } catch (error) {
    answer = { ok: false, error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(id === undefined ? answer : { id, ...answer })}\n`);
}
