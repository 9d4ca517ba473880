"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const [channels, height, width] = facts.shape;
const canvas = document.getElementById("image");
const caption = document.getElementById("status");
const form = document.getElementById("controls");
canvas.width = width;
canvas.height = height;

// Bytes of compressed base64 text.
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
const inlined = (id) => unpacked(document.getElementById(id).textContent);
const floats = async (text) => new Float32Array((await unpacked(text)).buffer);

// Controls: a row each, with its value.
const controls = {};
function slider(name, title, low, high, step, value) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "range", name, min: low, max: high, step, value });
  const output = document.createElement("output");
  input.defaultValue = value;
  label.append(title, input, output);
  form.insertBefore(label, form.lastElementChild);
  controls[name] = { input, show: () => { output.textContent = input.value; } };
}
function choice(name, title, names) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("select"), { name });
  names.forEach((text, value) => input.append(new Option(text, value)));
  label.append(title, input);
  form.insertBefore(label, form.lastElementChild);
  controls[name] = { input, show: () => {} };
}
const value = (name) => Number(controls[name].input.value);

function build(seeds, directions) {
  if (facts.names.length) choice("class", facts.condition.length ? "condition" : "class", facts.names);
  slider("seed", "seed", 0, seeds - 1, 1, 0);
  slider("other", "second seed", 0, seeds - 1, 1, 1);
  slider("between", "interpolation", 0, 1, 0.01, 0);
  slider("truncation", "truncation", 0, 1, 0.01, 1);
  for (let k = 0; k < directions; k++) slider(`direction${k}`, `direction ${k + 1}`, -5, 5, 0.1, 0);
}

// Spherical interpolation of normal latents, linear of others, as ganzoo's.
function interpolated(start, end, t) {
  let [first, second] = [1 - t, t];
  if (facts.spherical) {
    const dot = (a, b) => a.reduce((sum, x, k) => sum + x * b[k], 0);
    const norms = [start, end].map((z) => Math.sqrt(dot(z, z)));
    const cosine = dot(start, end) / (norms[0] * norms[1]);
    const angle = Math.acos(Math.min(Math.max(cosine, -1 + 1e-6), 1 - 1e-6));
    const norm = (1 - t) * norms[0] + t * norms[1];
    first = (norm / norms[0]) * Math.sin((1 - t) * angle) / Math.sin(angle);
    second = (norm / norms[1]) * Math.sin(t * angle) / Math.sin(angle);
  }
  return start.map((x, k) => first * x + second * end[k]);
}

function draw(images) {
  const picture = new ImageData(width, height);
  const plane = width * height;
  for (let k = 0; k < plane; k++) {
    for (let c = 0; c < 3; c++) {
      picture.data[4 * k + c] = (images[(channels === 1 ? 0 : c * plane) + k] + 1) * 127.5;
    }
    picture.data[4 * k + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

async function start() {
  // The runtime, from memory.
  const address = URL.createObjectURL(new Blob([await inlined("script")], { type: "text/javascript" }));
  const ort = await import(address);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = (await inlined("wasm")).buffer;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(await inlined("model"));
  const [z, moves, conditions] = await Promise.all([facts.seeds, facts.directions, facts.conditions].map(floats));
  const seeds = z.length / facts.latent;
  const directions = moves.length / facts.moved;
  build(seeds, directions);

  function inputs() {
    const row = (seed) => z.slice(seed * facts.latent, (seed + 1) * facts.latent);
    const shift = new Float32Array(facts.moved);
    for (let k = 0; k < directions; k++) {
      for (let d = 0; d < facts.moved; d++) shift[d] += value(`direction${k}`) * moves[k * facts.moved + d];
    }
    const latent = interpolated(row(value("seed")), row(value("other")), value("between"));
    const feeds = {
      z: new ort.Tensor("float32", latent, [1, facts.latent]),
      truncation: new ort.Tensor("float32", [value("truncation")], [1, 1]),
      shift: new ort.Tensor("float32", shift, [1, facts.moved]),
    };
    if (facts.condition.length) {
      const size = facts.condition.reduce((a, b) => a * b);
      const chosen = conditions.slice(value("class") * size, (value("class") + 1) * size);
      feeds.labels = new ort.Tensor("float32", chosen, [1, ...facts.condition]);
    } else if (facts.names.length) {
      feeds.labels = new ort.Tensor("int64", [BigInt(value("class"))], [1]);
    }
    return feeds;
  }

  // One image at a time; the sliders may move on meanwhile.
  let [busy, stale, count] = [false, false, 0];
  async function update() {
    Object.values(controls).forEach((control) => control.show());
    stale = true;
    if (busy) return;
    busy = true;
    try {
      while (stale) {
        stale = false;
        const before = performance.now();
        const { images } = await session.run(inputs());
        draw(images.data);
        caption.textContent = `${width} x ${height} pixels in ${Math.round(performance.now() - before)} ms`;
        canvas.dataset.drawn = ++count;
      }
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
    }
  }

  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("random").addEventListener("click", () => {
    controls.seed.input.value = Math.floor(Math.random() * seeds);
    update();
  });
  document.getElementById("initial").addEventListener("click", () => { form.reset(); update(); });
  document.getElementById("save").addEventListener("click", () => {
    const link = Object.assign(document.createElement("a"), { download: "image.png", href: canvas.toDataURL() });
    link.click();
  });
  await update();
  document.documentElement.classList.add("drawn");
}

function failed(error) {
  caption.textContent = `It does not run in this browser: ${error.message ?? error}`;
  caption.className = "failed";
}
start().catch(failed);
