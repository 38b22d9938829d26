// SPDX-License-Identifier: Apache-2.0

// Go's runtime at work: goroutines over channels, garbage collection with its
// write barriers, preemption by signals, maps, sorting, hashes, big numbers.
package main

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"math/rand"
	"sort"
	"sync"
	"time"
)

type node struct {
	left, right *node
	value       int64
}

func tree(depth int, r *rand.Rand) *node {
	if depth == 0 {
		return &node{value: r.Int63n(1000)}
	}
	return &node{tree(depth-1, r), tree(depth-1, r), r.Int63n(1000)}
}

func (n *node) sum() int64 {
	if n == nil {
		return 0
	}
	return n.value + n.left.sum() - n.right.sum()
}

func trees() int64 {
	var total int64
	for i := 0; i < 20; i++ {
		total += tree(14, rand.New(rand.NewSource(int64(i)))).sum()
	}
	return total
}

func pipeline() uint64 {
	jobs, results := make(chan uint64, 4), make(chan uint64)
	var wg sync.WaitGroup
	for w := 0; w < 8; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range jobs {
				x := j
				for i := 0; i < 20000; i++ {
					x = x*6364136223846793005 + 1442695040888963407
				}
				results <- x
			}
		}()
	}
	go func() {
		for i := uint64(0); i < 400; i++ {
			jobs <- i
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()
	var total uint64
	for r := range results {
		total ^= r
	}
	return total
}

func maps() int {
	r := rand.New(rand.NewSource(7))
	m := map[string]int{}
	for i := 0; i < 200000; i++ {
		m[fmt.Sprint(r.Intn(50000))] += i
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	h := 0
	for _, k := range keys {
		h = h*31 + m[k] + len(k)
	}
	return h
}

func pi(digits int64) string {
	unity := new(big.Int).Exp(big.NewInt(10), big.NewInt(digits+10), nil)
	arccot := func(x int64) *big.Int {
		sum := new(big.Int).Div(unity, big.NewInt(x))
		term := new(big.Int).Set(sum)
		for n, sign := int64(3), -1; term.Sign() != 0; n, sign = n+2, -sign {
			term.Div(term, big.NewInt(x*x))
			t := new(big.Int).Div(term, big.NewInt(n))
			if sign > 0 {
				sum.Add(sum, t)
			} else {
				sum.Sub(sum, t)
			}
		}
		return sum
	}
	p := new(big.Int).Mul(arccot(5), big.NewInt(4))
	p.Sub(p, arccot(239)).Mul(p, big.NewInt(4))
	return p.String()[:digits]
}

// A goroutine that never calls anything is preempted by a signal.
func preempted() bool {
	stop := make(chan bool)
	done := make(chan bool)
	var spins int
	go func() {
		for i := 0; i < 300000000; i++ {
			spins += i & 1
		}
		done <- true
	}()
	go func() { time.Sleep(20 * time.Millisecond); stop <- true }()
	<-stop
	<-done
	return spins == 150000000
}

func main() {
	fmt.Println("trees", trees())
	fmt.Println("pipeline", pipeline())
	fmt.Println("maps", maps())
	digits := pi(3000)
	fmt.Println("pi", digits[2990:])
	fmt.Printf("sha256 %x\n", sha256.Sum256([]byte(digits)))
	fmt.Printf("sha512 %x\n", sha512.Sum512([]byte(digits)))
	seed := sha256.Sum256([]byte("seed"))
	key := ed25519.NewKeyFromSeed(seed[:])
	sig := ed25519.Sign(key, []byte(digits))
	fmt.Printf("ed25519 %x %v\n", sig,
		ed25519.Verify(key.Public().(ed25519.PublicKey), []byte(digits), sig))
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.New(rand.NewSource(3)))
	er, es, err := ecdsa.Sign(rand.New(rand.NewSource(4)), ec, seed[:])
	fmt.Println("ecdsa", err, ecdsa.Verify(&ec.PublicKey, seed[:], er, es))
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 9)
	w.Write(bytes.Repeat([]byte(digits), 50))
	w.Close()
	back, _ := io.ReadAll(flate.NewReader(&packed))
	fmt.Printf("flate %x\n", sha256.Sum256(back))
	text, _ := json.Marshal(map[string]interface{}{
		"a": 1.5, "b": []float64{1e-300, 0.1, 2.0 / 3}, "c": digits[:50]})
	fmt.Println("json", string(text))
	fmt.Println("preempted", preempted())
}
