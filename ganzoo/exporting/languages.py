"""ONNX in other languages: programs for JavaScript and C++ that check the image of `z.npy`."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from ganzoo.exporting.subject import Subject

JAVASCRIPT_TYPES = {"float32": "Float32Array", "int64": "BigInt64Array"}
C_TYPES = {"float32": "float", "int64": "std::int64_t"}

READ_IN_JAVASCRIPT = """\
async function read(file, Numbers) {  // the array in a .npy file
  const bytes = await (await fetch(file)).arrayBuffer();
  return new Numbers(bytes, 10 + new DataView(bytes).getUint16(8, true));
}
"""

READ_IN_CPP = """\
template <typename T>
std::vector<T> read(const char* name) {  // the array in a .npy file
  std::ifstream file(name, std::ios::binary);
  std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  std::uint16_t header;
  std::memcpy(&header, bytes.data() + 8, sizeof header);
  std::vector<T> numbers((bytes.size() - 10 - header) / sizeof(T));
  std::memcpy(numbers.data(), bytes.data() + 10 + header, numbers.size() * sizeof(T));
  return numbers;
}
"""


def other_languages(subject: Subject, file: str) -> Iterator[str]:
    """The section of the card for ONNX Runtime without Python; nothing without `image.npy`."""
    if subject.draws_noise:
        return
    names = " and ".join(f"`{name}.npy`" for name in subject.input_names)
    yield from ("## In other languages", "")
    yield f"The generator makes `image.npy` of {names}. Both programs compare their image with it:"
    yield "they print a difference of less than 0.0001."
    yield from ("", "JavaScript, in a page of the same folder: `npm install onnxruntime-web`", "")
    yield f"```js\n{javascript(subject, file)}```"
    yield from ("", "C++17, with [ONNX Runtime](https://onnxruntime.ai): `-lonnxruntime`", "")
    yield f"```cpp\n{cpp(subject, file)}```"
    yield ""


def javascript(subject: Subject, file: str) -> str:
    """A module for onnxruntime-web."""
    inputs = dict(zip(subject.input_names, subject.inputs(1), strict=True))
    feeds = "\n".join(
        f'  {name}: new ort.Tensor("{_type(value)}", await read("{name}.npy", '
        f"{JAVASCRIPT_TYPES[_type(value)]}), [{_shape(value)}]),"
        for name, value in inputs.items()
    )
    return f"""\
import * as ort from "onnxruntime-web";

{READ_IN_JAVASCRIPT}
const session = await ort.InferenceSession.create("{file}");
const {{ images }} = await session.run({{
{feeds}
}});
const expected = await read("image.npy", Float32Array);
let worst = 0;
images.data.forEach((value, k) => {{ worst = Math.max(worst, Math.abs(value - expected[k])); }});
console.log(images.dims.join("x"), "differs by", worst);
"""


def cpp(subject: Subject, file: str) -> str:
    """A program for the C++ API of ONNX Runtime."""
    inputs = dict(zip(subject.input_names, subject.inputs(1), strict=True))
    arrays = "\n".join(
        f'  auto {name} = read<{C_TYPES[_type(value)]}>("{name}.npy");\n'
        f"  const std::vector<std::int64_t> {name}_shape{{{_shape(value)}}};\n"
        f"  inputs.push_back(Ort::Value::CreateTensor<{C_TYPES[_type(value)]}>(\n"
        f"      memory, {name}.data(), {name}.size(), {name}_shape.data(), {name}_shape.size()));"
        for name, value in inputs.items()
    )
    names = ", ".join(f'"{name}"' for name in inputs)
    return f"""\
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

{READ_IN_CPP}
int main() {{
  Ort::Env env;
  Ort::Session session(env, ORT_TSTR("{file}"), Ort::SessionOptions());
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  std::vector<Ort::Value> inputs;
{arrays}
  const char* input_names[] = {{{names}}};
  const char* output_names[] = {{"images"}};
  auto outputs = session.Run(Ort::RunOptions(), input_names, inputs.data(), inputs.size(),
                             output_names, 1);
  const float* image = outputs[0].GetTensorData<float>();
  const auto expected = read<float>("image.npy");
  float worst = 0;
  for (std::size_t k = 0; k < expected.size(); ++k)
    worst = std::max(worst, std::abs(image[k] - expected[k]));
  std::cout << "differs by " << worst << std::endl;
}}
"""


def _type(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _shape(value: Tensor) -> str:
    return ", ".join(map(str, value.shape))
