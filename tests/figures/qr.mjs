// VietQR by npm's vietnam-qr-pay, and pictures by npm's qrcode, timed. JSON lines in, JSON lines out:
//   {"payments":[{"bin":…,"account":…,"amount":…,"purpose":…,"service":…}, …]}
//     -> {"texts":[…],"sizes":[…]}: the codes, and the modules on a side of each; checked here, whatever can be
//   {"round":"build"|"read"|"png"|"png_fast"|"svg","times":n} -> {"micros":…} for one payment, over the list n times
// SOKHOE_PEERS_NODE names the folder of the npm packages.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.env.SOKHOE_PEERS_NODE, "packages.js"));
const { QRPay } = require("vietnam-qr-pay");
const QRCode = require("qrcode");

const MARGIN = 4;
const SCALE = 8;
// The quickest that we found: no choice of filters, light deflate, and the RGBA that qrcode fills pngjs with.
const quick = () => ({ filterType: 0, deflateLevel: 1, deflateStrategy: 0 });
const look = { errorCorrectionLevel: "M", margin: MARGIN };

let payments = [];
let texts = [];

const build = ({ bin, account, amount, purpose, service }) =>
  QRPay.initVietQR({ bankBin: bin, bankNumber: account, amount, purpose, service }).build();

const operations = {
  build: (n) => build(payments[n]),
  read: (n) => new QRPay(texts[n]),
  png: (n) => QRCode.toBuffer(texts[n], { ...look, type: "png", scale: SCALE }),
  png_fast: (n) => QRCode.toBuffer(texts[n], { ...look, type: "png", scale: SCALE, rendererOpts: quick() }),
  svg: (n) => QRCode.toString(texts[n], { ...look, type: "svg" }),
};
const isAsync = { build: false, read: false, png: true, png_fast: true, svg: true };

async function check(n) {
  const { bin, account, amount, purpose, service } = payments[n];
  const code = operations.read(n);
  assert(code.isValid);
  assert.deepEqual(
    [code.consumer.bankBin, code.consumer.bankNumber, code.amount, code.additionalData.purpose, code.provider.service],
    [bin, account, amount, purpose, service],
  );
  const size = QRCode.create(texts[n], look).modules.size;
  const side = size + 2 * MARGIN;
  for (const png of [await operations.png(n), await operations.png_fast(n)]) {
    assert.equal(png.toString("latin1", 1, 4), "PNG");
    assert.equal(png.readUInt32BE(16), side * SCALE);
  }
  assert((await operations.svg(n)).includes(`viewBox="0 0 ${side} ${side}"`));
  return size;
}

async function time({ round, times }) {
  const operation = operations[round];
  const begin = process.hrtime.bigint();
  for (let time = 0; time < times; time += 1) {
    for (let n = 0; n < payments.length; n += 1) {
      if (isAsync[round]) await operation(n);
      else operation(n);
    }
  }
  const nanos = Number(process.hrtime.bigint() - begin);
  return { micros: nanos / 1000 / times / payments.length };
}

async function start(list) {
  payments = list;
  texts = payments.map(build);
  const sizes = [];
  for (let n = 0; n < texts.length; n += 1) sizes.push(await check(n));
  return { texts, sizes };
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer = question.payments ? await start(question.payments) : await time(question);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
