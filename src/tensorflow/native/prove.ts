// Proves a native library before anything relies on it: a child process loads the binding and multiplies two matrices.
// A child, because a library that does not fit this processor ends its process (SIGILL) instead of throwing.
import { z } from 'zod';
import { UnavailableError } from '../../error.ts';
import { outputLine, runCommand } from '../../machine/command.ts';

/** A cold disk may take a while to read 850 MB. */
const PROOF_LIMIT_MS = 120_000;

// Plain CommonJS for `node --eval`: it must run without tsx, from sources and from dist alike.
const PROOF = `
const binding = require(process.argv[1]);
const matrix = binding.createTensor([2, 2], binding.TF_FLOAT, new Float32Array([1, 2, 3, 4]));
const attributes = [
  { name: 'transpose_a', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'transpose_b', type: binding.TF_ATTR_BOOL, value: false },
  { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
];
const [product] = binding.executeOp('MatMul', attributes, [matrix, matrix], 1);
const values = Array.from(binding.tensorDataSync(product.id));
process.stdout.write(JSON.stringify({ version: binding.TF_Version, values }));
`;

const proofSchema = z.strictObject({ version: z.string(), values: z.array(z.number()) });

/**
 * The version of the TensorFlow behind `binding`, after it computed something in a child process.
 * @throws UnavailableError with the loader's words where it does not load or computes wrongly.
 */
export async function proveBinding(binding: string, signal?: AbortSignal): Promise<string> {
  const result = await runCommand(process.execPath, ['--input-type=commonjs', '--eval', PROOF, binding], {
    environment: { ...process.env, NODE_OPTIONS: '', TF_CPP_MIN_LOG_LEVEL: '3' },
    signal,
    limitMs: PROOF_LIMIT_MS,
  });
  if (result.outcome === 'killed' && result.endedBy === 'SIGILL')
    throw new UnavailableError('the library needs processor instructions that this machine lacks (SIGILL; AVX)', {
      remedy: 'Use a machine whose processor has AVX.',
    });
  if (result.outcome !== 'exited' || result.exitCode !== 0)
    throw new UnavailableError(
      `the library does not load: ${result.endedBy ?? outputLine(result, /cannot|not found|Error:/)}`,
    );
  const { version, values } = proofSchema.parse(JSON.parse(result.stdout));
  if (values.join() !== '7,10,15,22')
    throw new UnavailableError(`the library computes wrongly: expected 7,10,15,22, got ${values.join()}`);
  return version;
}
