// The hparams plugin's messages (tensorboard/plugins/hparams/{plugin_data,api}.proto): a table of runs by their settings.
import protobuf from 'protobufjs/minimal.js';

/** Settings by name; nested ones are named with a dot by the caller. */
export type Hyperparameters = Readonly<Record<string, number | string | boolean>>;

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;
const key = (field: number, wire: number) => (field << 3) | wire;

/** How a run ended, by the number of its Status. */
const OUTCOMES = { success: 1, failure: 2 } as const;
export type Outcome = keyof typeof OUTCOMES;

/** HParamsPluginData with a SessionStartInfo. */
export function encodeSessionStart(values: Hyperparameters, wallTime: number): Uint8Array {
  const writer = protobuf.Writer.create().uint32(key(3, LENGTH)).fork();
  for (const [name, value] of Object.entries(values)) {
    writer.uint32(key(1, LENGTH)).fork().uint32(key(1, LENGTH)).string(name).uint32(key(2, LENGTH)).fork();
    // google.protobuf.Value
    if (typeof value === 'number') writer.uint32(key(2, FIXED_64)).double(value);
    else if (typeof value === 'string') writer.uint32(key(3, LENGTH)).string(value);
    else writer.uint32(key(4, VARINT)).bool(value);
    writer.ldelim().ldelim();
  }
  return writer.uint32(key(5, FIXED_64)).double(wallTime).ldelim().finish();
}

/** HParamsPluginData with a SessionEndInfo. */
export function encodeSessionEnd(outcome: Outcome, wallTime: number): Uint8Array {
  const writer = protobuf.Writer.create().uint32(key(4, LENGTH)).fork();
  writer.uint32(key(1, VARINT)).int32(OUTCOMES[outcome]).uint32(key(2, FIXED_64)).double(wallTime);
  return writer.ldelim().finish();
}
