-- SPDX-License-Identifier: Apache-2.0
-- luajit: traces compiled, aborted, and compiled anew; FFI; coroutines.
local ffi, bit = require("ffi"), require("bit")
local sum = 0
local function note(name, v)
	local s = type(v) == "number" and string.format("%.11g", v) or tostring(v)
	for i = 1, #s do sum = bit.tobit(bit.bxor(sum * 33, s:byte(i))) end
	print(name, s:sub(1, 70))
end
local N = tonumber(arg and arg[1]) or 1
for round = 1, N do
	local n = 300
	local a = ffi.new("double[?]", n * n)
	for i = 0, n * n - 1 do a[i] = i % 13 / 7 end
	local t = 0
	for i = 0, n - 1 do for j = 0, n - 1 do
		t = t + a[i * n + j] * a[j * n + i] end end
	note("matrix", t)
	local sieve = ffi.new("uint8_t[?]", 2000001)
	local primes = 0
	for i = 2, 2000000 do
		if sieve[i] == 0 then
			primes = primes + 1
			for j = i + i, 2000000, i do sieve[j] = 1 end
		end
	end
	note("primes", primes)
	local x = 12345
	for i = 1, 5000000 do
		x = bit.bxor(x, bit.lshift(x, 13))
		x = bit.bxor(x, bit.rshift(x, 17))
		x = bit.bxor(x, bit.lshift(x, 5))
	end
	note("xorshift", x)
	local tab, made = {}, 0
	for i = 1, 100000 do tab[i] = (i * 7919) % 100003 .. "" end
	table.sort(tab)
	note("sort", tab[1234] .. tab[99999])
	for i = 1, 400 do
		local f = loadstring("local x, s = ..., 0 for j = 1, 300 do s = (s * "
		    .. i % 89 + 2 .. " + x + j) % 1000003 end return s")
		made = (made + f(i)) % 1000003
	end
	note("made", made)
	local co = coroutine.wrap(function()
		for i = 1, 300000 do coroutine.yield(i % 17 * 0.25) end
		return -1
	end)
	local c, v = 0, co()
	while v ~= -1 do c, v = c + v, co() end
	note("coroutines", c)
	local m = 0LL
	for i = 1, 2000000 do m = m * 31LL + i end
	note("int64", m)
	local f = 0
	for i = 1, 1000000 do f = f + math.sin(i) * math.exp(-i % 5) / math.log(i + 1) end
	note("math", f)
end
note("all", sum)
