// The model card of an export: README.md with front matter as Hugging Face reads it (https://huggingface.co/docs/hub/model-cards).
// A function of what the export and the run recorded: the same run gives the same text.
import { stringify } from 'yaml';
import type { ExportDescription } from '../../storage/export-description.ts';
import { type CardEvaluation, evaluationSection, modelIndex } from './evaluation.ts';
import { table } from './table.ts';
import { usageSection } from './usage.ts';

export interface CardNetwork {
  readonly name: string;
  readonly file: string;
  /** What parity.json says: the largest difference to TensorFlow.js, and who computed. */
  readonly maxAbsError: number;
  readonly runtime: string;
  readonly reference: string;
}

export interface ModelCardInput {
  readonly description: ExportDescription;
  readonly networks: readonly CardNetwork[];
  /** Absent where the run was not evaluated at this step. */
  readonly evaluation?: CardEvaluation | undefined;
  /** An identifier of Hugging Face's list, such as apache-2.0. */
  readonly license: string;
  /** Package and version. */
  readonly generator: string;
}

/** The licence of weights is their owner's choice; Hugging Face's word for none stated. */
export const UNSTATED_LICENSE = 'unknown';

export function modelCard(input: ModelCardInput): string {
  const { description, networks, evaluation } = input;
  const { run } = description;
  const parts = [
    `---\n${stringify(frontMatter(input), { lineWidth: 0 })}---`,
    `# ${run}`,
    `An action-conditioned world model of the JEPA family, as ONNX: ${describeNetworks(description)}. ${trainedOn(description)}`,
    '## Intended use and limits',
    [
      'The encoder turns observations into latents; the predictor says where an action leads, from latent to latent, any number of',
      'actions ahead. That serves planning, control and the study of representations.',
      '',
      `- It knows ${description.state === undefined ? placeOf(description) : 'what it was trained on'} and nothing else: observations from elsewhere get latents without meaning.`,
      '- Errors of the predictor add up with every action.',
      '- Latents of different runs cannot be compared, not even at equal settings with another seed.',
      '- What the latents keep apart is measured below, on held-out observations; what was not measured is not promised.',
    ].join('\n'),
    '## Training data and procedure',
    [
      trainedOn(description),
      'Encoder and predictor are trained together, without reconstruction: the predicted next latent meets the encoded next one',
      '(dynamics), and auxiliary heads on the latent keep it from collapsing, as analysed in arXiv 2509.12249.',
      description.state === undefined
        ? `Training took ${description.step} steps with seed ${String(description.configuration.seed)}.`
        : `Training took ${description.step} steps.`,
    ].join(' '),
    '### Hyper-parameters',
    ...(description.state === undefined
      ? []
      : ['Those of the run; rates, batches and data were those of whoever trained.']),
    table(['name', 'value'], hyperParameters(description.configuration)),
    '## Evaluation',
    evaluation
      ? evaluationSection(evaluation)
      : 'Not evaluated yet at this step: `jepa evaluate RUN` does, and writes its results here.',
    '### Agreement with the trained model',
    'Largest difference of one output number to the model that was trained, on the recorded test data (`test_data/`):',
    table(
      ['network', 'largest difference', 'runtime', 'reference'],
      networks.map(({ file, maxAbsError, runtime, reference }) => [
        `\`${file}\``,
        maxAbsError.toExponential(1),
        runtime,
        reference,
      ]),
    ),
    '## How to run',
    usageSection(description),
    '## Files',
    filesSection(description),
    '## Citation',
    [
      'The objective, and what keeps such latents apart:',
      '',
      '```bibtex',
      '@article{yu2025auxiliary,',
      '  title = {Why and How Auxiliary Tasks Improve JEPA Representations},',
      '  author = {Yu and others},',
      '  journal = {arXiv preprint arXiv:2509.12249},',
      '  year = {2025},',
      '  url = {https://arxiv.org/abs/2509.12249}',
      '}',
      '```',
    ].join('\n'),
    `Written by ${input.generator}.`,
  ];
  return `${parts.join('\n\n')}\n`;
}

function frontMatter({ description, evaluation, license }: ModelCardInput): Record<string, unknown> {
  return {
    license,
    library_name: 'onnx',
    pipeline_tag: 'reinforcement-learning',
    tags: ['onnx', 'jepa', 'world-model', 'representation-learning', 'jepa-onnx'],
    ...(evaluation ? { metrics: ['accuracy'] } : {}),
    ...(evaluation ? { 'model-index': modelIndex(description.run, evaluation) } : {}),
  };
}

function describeNetworks({ encoder, predictor, auxiliary }: ExportDescription): string {
  const networks = [
    `an encoder to ${encoder.output.size} numbers`,
    `a predictor over actions of ${predictor.actionSize} numbers`,
    ...(auxiliary ? [`auxiliary heads of ${auxiliary.output.size}`] : []),
  ];
  return networks.join(', ');
}

function placeOf({ configuration, recording }: ExportDescription): string {
  if (recording) return `the recording ${String(recording.name)}`;
  const environment = configuration.environment;
  const name = typeof environment === 'object' && environment !== null && 'name' in environment ? environment.name : '';
  return `the environment ${String(name)}`;
}

function trainedOn(description: ExportDescription): string {
  const { state, run, configuration } = description;
  if (state !== undefined)
    return `Its weights come from \`${state}\`, to which the training step of the run \`${run}\` was trained elsewhere; on what, that file does not say. The run itself is of ${placeOf(description)}.`;
  const { environment } = configuration;
  const options =
    typeof environment === 'object' && environment !== null
      ? Object.entries(environment).filter(([key]) => key !== 'name')
      : [];
  const details =
    options.length > 0 ? ` (${options.map(([key, value]) => `${key}: ${String(value)}`).join(', ')})` : '';
  const how = description.recording ? 'transitions of' : 'transitions drawn at random from';
  return `It was trained on ${how} ${placeOf(description)}${details}.`;
}

/** Every value of the configuration by its path, as `--set` takes it. */
function hyperParameters(configuration: Readonly<Record<string, unknown>>): string[][] {
  const rows: string[][] = [];
  const visit = (path: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, inner] of Object.entries(value)) visit(path === '' ? key : `${path}.${key}`, inner);
    else rows.push([`\`${path}\``, Array.isArray(value) ? `\`${JSON.stringify(value)}\`` : String(value)]);
  };
  visit('', configuration);
  return rows;
}

function filesSection({ encoder, predictor, auxiliary }: ExportDescription): string {
  return table(
    ['file', 'content'],
    [
      [`\`${encoder.file}\``, 'observation to latent'],
      [`\`${predictor.file}\``, 'latent and action to the next latent'],
      ...(auxiliary ? [[`\`${auxiliary.file}\``, 'latent to the outputs of the auxiliary heads']] : []),
      ['`export.json`', 'names, shapes and types of inputs and outputs, and the configuration of the training'],
      ['`parity.json`, `test_data/`', 'how far the files are from the trained model, and inputs with expected outputs'],
      ['`MLmodel`, `input_example.json`, `requirements.txt`', 'the encoder as a model of MLflow'],
    ],
  );
}
