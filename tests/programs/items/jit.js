// SPDX-License-Identifier: Apache-2.0
// node: code that V8 compiles, recompiles and throws away again.
const crypto = require('crypto');
const h = crypto.createHash('sha256');
function say(name, value) {
	h.update(String(value));
	console.log(name, String(value).slice(0, 60));
}
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
say('fib', fib(30));
function matrix(n) {
	const a = new Float64Array(n * n), b = new Float64Array(n * n);
	const c = new Float64Array(n * n);
	for (let i = 0; i < n * n; i++) { a[i] = i % 7 / 3; b[i] = i % 11 / 5; }
	for (let i = 0; i < n; i++)
		for (let j = 0; j < n; j++) {
			let s = 0;
			for (let k = 0; k < n; k++) s += a[i * n + k] * b[k * n + j];
			c[i * n + j] = s;
		}
	return c.reduce((x, y) => x + y);
}
say('matrix', matrix(160));
// Shapes change after the code was compiled for others.
function area(s) { return s.w * s.h + (s.d || 0); }
let total = 0;
for (let i = 0; i < 300000; i++) total += area({ w: i & 15, h: 3 });
for (let i = 0; i < 300000; i++) total += area({ h: i & 7, w: 0.5, d: i });
for (let i = 0; i < 1000; i++) total += area({ x: 1, w: 1n ? 2 : 3, h: i });
say('shapes', total);
// New functions all the time: code is made and collected.
let made = 0;
for (let i = 0; i < 3000; i++) {
	const f = new Function('x', `let s = 0; for (let j = 0; j < 200; j++)
	    s = (s * ${i % 97 + 2} + x + j) % 1000003; return s;`);
	made = (made + f(i)) % 1000003;
}
say('made', made);
let big = 1n;
for (let i = 1n; i < 1500n; i++) big *= i;
say('bigint', big % (2n ** 127n - 1n));
const words = [];
for (let i = 0; i < 100000; i++) words.push(((i * 7919) % 100003).toString(36));
words.sort();
say('sort', words[5000] + words[99999]);
say('regexp', words.join(' ').replace(/(\w)(\d+)/g, '$2$1').length);
say('json', JSON.stringify(JSON.parse(JSON.stringify(words))).length);
const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 126,
	1, 126, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 25, 1, 23, 0, 32, 0, 66, 2,
	84, 4, 126, 66, 1, 5, 32, 0, 66, 1, 125, 16, 0, 11, 32, 0, 124, 11]);
try {
	const m = new WebAssembly.Instance(new WebAssembly.Module(wasm));
	say('wasm', m.exports.f(5000n));
} catch (e) {
	say('wasm', e.message);
}
const zlib = require('zlib');
say('zlib', zlib.inflateSync(zlib.deflateSync(words.join(','))).length);
async function tasks() {
	let s = 0;
	await Promise.all(Array.from({ length: 2000 }, async (_, i) => {
		if (i % 50 === 0) await new Promise((r) => setTimeout(r, i % 7));
		s += await i;
	}));
	return s;
}
tasks().then((s) => { say('tasks', s); console.log(h.digest('hex')); });
