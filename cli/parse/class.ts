// What a person writes after --classes: of an environment, or of a recording.
type ClassSource = import('../../src/evaluation/class/bisimulation.ts').ClassSource;
type RecordingClassSource = import('../../src/evaluation/class/recording.ts').RecordingClassSource;

/** reward, auxiliary, state; of a recording column:NAME, quantiles or quantiles:K, observed. */
export async function parseClasses(text: string): Promise<ClassSource | RecordingClassSource> {
  return (await import('../../src/evaluation/class/written.ts')).parseClasses('--classes', text);
}

/** Those of a recording alone. */
export async function parseRecordingClassSource(where: string, text: string): Promise<RecordingClassSource> {
  return (await import('../../src/evaluation/class/written.ts')).parseRecordingClasses(where, text);
}
