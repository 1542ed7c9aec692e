const { default: Sequencer } = require('@jest/test-sequencer');

/** The longest specs. In a fresh clone, Jest knows no durations: it would start them last, and run them alone at the end. */
const LONGEST = ['docs/docs.spec.ts', 'cluster/sentinel.spec.ts', 'contract/contract.spec.ts'];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => LONGEST.some((end) => path.endsWith(end));
    return super.sort(tests).sort((one, other) => isLong(other) - isLong(one));
  }
};
