/** Writes ONNX files: as much of the format (onnx.proto3) as graphs of a few nodes and large weights need. */

const VARINT = 0;
const BYTES = 2;
const FLOAT = 1;
const INT64 = 7;
const INTS = 7;
const INT = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const number = (field: number, value: number) =>
  Buffer.concat([varint(field * 8 + VARINT), varint(value)]);
const bytes = (field: number, value: Buffer) =>
  Buffer.concat([varint(field * 8 + BYTES), varint(value.length), value]);
const text = (field: number, value: string) => bytes(field, Buffer.from(value));
const message = (field: number, ...parts: readonly Buffer[]) => bytes(field, Buffer.concat(parts));

/** A node; attributes are whole numbers or lists of them. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant. */
export interface OnnxConstant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A float input or output. */
export interface OnnxPort {
  readonly name: string;
  readonly dims: readonly number[];
}

function attribute([name, value]: [string, number | readonly number[]]): Buffer {
  return typeof value === 'number'
    ? message(5, text(1, name), number(3, value), number(20, INT))
    : message(5, text(1, name), ...value.map((each) => number(8, each)), number(20, INTS));
}

const node = ({ op, inputs, output, attributes = {} }: OnnxNode) =>
  message(
    1,
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(4, op),
    ...Object.entries(attributes).map(attribute),
  );

const constant = ({ name, dims, data }: OnnxConstant) =>
  message(
    5,
    ...dims.map((size) => number(1, size)),
    number(2, data instanceof Float32Array ? FLOAT : INT64),
    text(8, name),
    bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );

const port = (field: number, { name, dims }: OnnxPort) => {
  const shape = message(2, ...dims.map((size) => message(1, number(1, size))));
  return message(field, text(1, name), message(2, message(1, number(1, FLOAT), shape)));
};

/** The bytes of a model (IR 8, operators of set 17) with one input and one output. */
export function onnxFile(graph: {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly input: OnnxPort;
  readonly output: OnnxPort;
}): Buffer {
  return Buffer.concat([
    number(1, 8),
    message(
      7,
      ...graph.nodes.map(node),
      text(2, 'graph'),
      ...graph.constants.map(constant),
      port(11, graph.input),
      port(12, graph.output),
    ),
    message(8, text(1, ''), number(2, 17)),
  ]);
}
