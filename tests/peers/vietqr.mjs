// VietQR as npm's vietnam-qr-pay writes and reads it. JSON lines in, JSON lines out:
//   {"op":"encode","bin":"970436","account":"0011001234567","amount":"150000","purpose":"HD 12","service":"QRIBFTTA"}
//     -> {"ok":true,"text":"000201…"}
//   {"op":"decode","text":"000201…"}
//     -> {"ok":true,"bin":…,"account":…,"amount":…,"purpose":…,"service":…,"init":"11"|"12", …}
// Both speak of the fields in `places` by the same names. What a question leaves out, the code leaves out, unless the
// peer insists; an answer has null for it. What the peer refuses: {"ok":false,"error":…}.
// An "id" in the question comes back in the answer.
import { createInterface } from "node:readline";
import pay from "vietnam-qr-pay";

const { QRPay } = pay;

const places = {
  init: (qr) => [qr, "initMethod"],
  guid: (qr) => [qr.provider, "guid"],
  bin: (qr) => [qr.consumer, "bankBin"],
  account: (qr) => [qr.consumer, "bankNumber"],
  service: (qr) => [qr.provider, "service"],
  category: (qr) => [qr, "category"],
  currency: (qr) => [qr, "currency"],
  amount: (qr) => [qr, "amount"],
  fee_indicator: (qr) => [qr, "tipAndFeeType"],
  fee_fixed: (qr) => [qr, "tipAndFeeAmount"],
  fee_percent: (qr) => [qr, "tipAndFeePercent"],
  country: (qr) => [qr, "nation"],
  merchant_name: (qr) => [qr.merchant, "name"],
  merchant_city: (qr) => [qr, "city"],
  postal_code: (qr) => [qr, "zipCode"],
  bill_number: (qr) => [qr.additionalData, "billNumber"],
  mobile_number: (qr) => [qr.additionalData, "mobileNumber"],
  store_label: (qr) => [qr.additionalData, "store"],
  loyalty_number: (qr) => [qr.additionalData, "loyaltyNumber"],
  reference: (qr) => [qr.additionalData, "reference"],
  customer_label: (qr) => [qr.additionalData, "customerLabel"],
  terminal_label: (qr) => [qr.additionalData, "terminal"],
  purpose: (qr) => [qr.additionalData, "purpose"],
  consumer_request: (qr) => [qr.additionalData, "dataRequest"],
};

function encode(question) {
  const { bin, account, amount, purpose, service, init } = question;
  const qr = QRPay.initVietQR({ bankBin: bin, bankNumber: account, amount, purpose, service, initMethod: init });
  for (const [name, place] of Object.entries(places)) {
    const [owner, key] = place(qr);
    if (name in question) owner[key] = question[name];
    else if (name === "service") owner[key] = undefined; // initVietQR has put its own there
  }
  return { text: qr.build() };
}

function decode({ text }) {
  const qr = new QRPay(text);
  if (!qr.isValid) throw new Error("not a valid QR for payment");
  // The peer may cut a character in half, which no UTF-8 can carry: U+FFFD stands for the halves.
  const read = ([owner, key]) => (owner[key] == null ? null : Buffer.from(owner[key]).toString());
  return Object.fromEntries(Object.entries(places).map(([name, place]) => [name, read(place(qr))]));
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
