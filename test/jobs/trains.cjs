// The same in CommonJS.
require('@tensorflow/tfjs-backend-cpu');
const core = require('@tensorflow/tfjs-core');
const tfl = require('@tensorflow/tfjs-layers');

const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1] })] });
model.compile({ optimizer: core.train.sgd(0.1), loss: 'meanSquaredError' });
void model
  .fit(core.tensor2d([[0], [1]]), core.tensor2d([[0], [1]]), { epochs: 3, verbose: 0 })
  .then(({ history }) => console.log(history.loss.length));
