// An unchanged job that trains, with not a line of ours.
import '@tensorflow/tfjs-backend-cpu';
import * as core from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [1] })] });
model.compile({ optimizer: core.train.sgd(0.1), loss: 'meanSquaredError' });
const { history } = await model.fit(core.tensor2d([[0], [1]]), core.tensor2d([[0], [1]]), { epochs: 3, verbose: 0 });
console.log(history.loss.length);
