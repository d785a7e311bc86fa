import { testReader } from './reader-cases.ts';

const columns = {
  image: { name: 'observations', hasLast: true },
  state: { name: 'state', hasLast: true },
  action: { name: 'actions', hasLast: false },
  control: { name: 'control', hasLast: false },
  reward: { name: 'rewards', hasLast: false },
  label: { name: 'label', hasLast: true },
};
const roles = { observation: ['observations'], action: ['actions'], reward: 'rewards' };

testReader({ file: 'stored.npz', format: 'NPZ', columns, roles, notes: [] });
testReader({ file: 'compressed.npz', format: 'NPZ', columns, roles, notes: [] });
testReader({ file: 'fortran-big-endian.npz', format: 'NPZ', columns, roles, notes: ['note: text, left out'] });
