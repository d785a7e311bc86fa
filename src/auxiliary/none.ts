// No auxiliary function: dynamics alone, for which a constant encoder is optimal (total collapse).
import * as z from 'zod';

export const noneConfiguration = z.strictObject({ kind: z.literal('none') });
