// Stryker loads plugins in processes of its own, which read no TypeScript.
import { tsImport } from 'tsx/esm/api';

export const { strykerPlugins } = await tsImport('./runner.ts', import.meta.url);
