import { testReader } from './reader-cases.ts';

const d4rl = {
  image: { name: 'observations', hasLast: true },
  state: { name: 'infos/state', hasLast: false },
  action: { name: 'actions', hasLast: false },
  control: { name: 'infos/control', hasLast: false },
  reward: { name: 'rewards', hasLast: false },
  label: { name: 'infos/label', hasLast: false },
};
const d4rlRoles = { observation: ['observations'], action: ['actions'], reward: 'rewards' };

testReader({ file: 'd4rl.hdf5', format: 'HDF5 (D4RL)', columns: d4rl, roles: d4rlRoles, notes: [] });
testReader({ file: 'filters.hdf5', format: 'HDF5 (D4RL)', columns: d4rl, roles: d4rlRoles, notes: [] });

testReader({
  file: 'stable-worldmodel.h5',
  format: 'HDF5 (stable-worldmodel)',
  columns: {
    image: { name: 'pixels', hasLast: false },
    state: { name: 'state', hasLast: false },
    action: { name: 'action', hasLast: false },
    control: { name: 'control', hasLast: false },
    reward: { name: 'reward', hasLast: false },
    label: { name: 'label', hasLast: false },
  },
  roles: { observation: ['pixels'], action: ['action'], reward: 'reward' },
  notes: ['goal: no numbers, left out'],
});

testReader({
  file: 'minari',
  format: 'HDF5 (Minari)',
  columns: {
    image: { name: 'observations/image', hasLast: true },
    state: { name: 'observations/state', hasLast: true },
    action: { name: 'actions/move', hasLast: false },
    control: { name: 'actions/control', hasLast: false },
    reward: { name: 'rewards', hasLast: false },
    label: { name: 'infos/label', hasLast: true },
  },
  roles: {
    observation: ['observations/image', 'observations/state'],
    action: ['actions/control', 'actions/move'],
    reward: 'rewards',
  },
  notes: [],
});
