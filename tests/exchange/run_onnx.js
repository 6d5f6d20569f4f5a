// SPDX-License-Identifier: Apache-2.0
// run_onnx.js MODEL.onnx IN OUT: runs ONNX Runtime on every batch of IN, prints the input's and output's names.
// IN holds int32 clips, frames, bins and then so many floats, batch after batch; OUT gets the embeddings as floats.
const fs = require('node:fs');
const ort = require('onnxruntime-node');

(async () => {
  const [model, from, to] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1, interOpNumThreads: 1});
  const bytes = fs.readFileSync(from);
  const all = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const results = [];
  for (let at = 0; at < all.byteLength;) {
    const shape = Array.from(new Int32Array(all, at, 3));
    const size = shape[0] * shape[1] * shape[2];
    const features = new ort.Tensor('float32', new Float32Array(all, at + 12, size), shape);
    const {embedding} = await session.run({features});
    if (embedding.dims.length !== 2 || embedding.dims[0] !== shape[0]) throw new Error(`shape ${embedding.dims}`);
    results.push(Buffer.from(embedding.data.buffer, embedding.data.byteOffset, embedding.data.byteLength));
    at += 12 + 4 * size;
  }
  fs.writeFileSync(to, Buffer.concat(results));
  console.log(session.inputNames.join(), session.outputNames.join());
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
