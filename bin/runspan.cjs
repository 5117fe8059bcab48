#!/usr/bin/env node
// Checks the Node version in JavaScript that any Node reads, then loads the command line.
'use strict';

// Such as '>=22.19'.
var needed = require('../package.json').engines.node.match(/\d+/g).map(Number);
var found = process.versions.node.split('.').map(Number);
var where = process.versions.node + ' (' + process.execPath + ')';
var mend = 'Install it from https://nodejs.org/, by a version manager (nvm install 24), or here: npm install node@24';

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  console.error('runspan needs Node ' + needed.join('.') + ' or later; this is Node ' + where + '.\n' + mend);
  process.exitCode = 1;
} else {
  void require('../dist/cli.js').main(process.argv.slice(2));
}
