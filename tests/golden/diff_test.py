#!/usr/bin/env python3
"""diff_test.py NRPROF COMPARE.PY GOLDEN.jsonl OUT     nrprof diff against the recorder's own comparison

Changes a recording in one way after the other and asks both. Their counts must be the same, and nrprof must name the method that
was changed. One line for each change; exit 0 when all agree."""
import json, os, re, struct, subprocess, sys

nrprof, compare, golden, out = sys.argv[1:5]
lines = open(golden, encoding='utf-8', errors='surrogateescape').read().split('\n')[:-1]
bodies = [i for i, l in enumerate(lines) if l.startswith('{"ev":"setil"')][:400]  # enough, and quick
lines = lines[:bodies[-1] + 1] + lines[-1:]
some = bodies[len(bodies) // 3]
FAT_MORE, CLAUSES = 8, 0x40

def body(record):
    b = bytearray.fromhex(record['il'])
    return b, (b[1] >> 4) * 4, struct.unpack_from('<I', b, 4)[0]

def edit(index, change):
    new = list(lines)
    record = json.loads(new[index])
    change(record)
    new[index] = json.dumps(record, separators=(',', ':'), ensure_ascii=False)
    return new, record

def flip(offset):
    def change(r):
        b, header, _ = body(r)
        b[header + offset] ^= 1
        r['il'] = b.hex()
    return change

def shift_clause(r):
    b, header, size = body(r)
    at = (header + size + 3) & ~3
    fat = b[at] & CLAUSES
    assert b[0] & FAT_MORE
    b[at + 4 + (4 if fat else 2)] += 1  # the low byte of the first clause's try offset
    r['il'] = b.hex()

def drop(): return [l for i, l in enumerate(lines) if i != some], json.loads(lines[some])
def twice(): return lines[:some] + [lines[some]] + lines[some:], json.loads(lines[some])

def string():
    record = json.loads(lines[some])
    b = bytes.fromhex(record['il'])
    tokens = {'%08x' % struct.unpack_from('<I', b, o)[0] for o in record['tk']}
    new = list(lines)
    for i, l in enumerate(lines):
        if not l.startswith('{"ev":"tok"'): continue
        r = json.loads(l)
        if r['asm'] == record['asm'] and r['tok'] in tokens and r['is'].startswith('"') and r['is'] == '"%s"' % record['method']:
            r['is'] = r['is'][:-1] + 'X"'
            new[i] = json.dumps(r, separators=(',', ':'), ensure_ascii=False)
            return new, record
    raise AssertionError('no string of this method')

def renumber():
    """Every user string of the assembly moves by 0x100000, as a longer home directory would do it."""
    new = []
    for l in lines:
        if l.startswith('{"ev":"setil"'):
            r = json.loads(l)
            b = bytearray.fromhex(r['il'])
            for o in r['tk']:
                if b[o + 3] == 0x70: b[o + 2] += 0x10
            r['il'] = b.hex()
            l = json.dumps(r, separators=(',', ':'), ensure_ascii=False)
        elif l.startswith('{"ev":"tok"') or l.startswith('{"ev":"emit"'):
            l = re.sub(r'("tok":"70)([0-9a-f]{2})', lambda m: '%s%02x' % (m[1], int(m[2], 16) + 0x10), l)
        new.append(l)
    return new, None

def cut():
    text = '\n'.join(lines[:some + 1])
    return (text[:-len(lines[some]) // 2]).split('\n'), json.loads(lines[some])

def header(r):
    b, _, _ = body(r)
    b[2] += 1
    r['il'] = b.hex()

def hr(r): r['hr'] = '80131351'
def longer(r): r['il'] += '00'; r['size'] += 1
def elsewhere(r): r['via'] = 'info'
def home():
    return [l.replace('@home/NewRelic.Agent.Core.dll', '/usr/local/newrelic-dotnet-agent/NewRelic.Agent.Core.dll') for l in lines], None

changes = {
    'nothing': lambda: (lines, None), 'flipped byte of the code': lambda: edit(some, flip(0)), 'flipped byte further on': lambda: edit(some, flip(60)),
    'flipped byte of the header': lambda: edit(some, header), 'shifted clause': lambda: edit(some, shift_clause), 'dropped method': drop,
    'method written twice': twice, 'changed string': string, 'renumbered tokens': renumber, 'another home directory': home, 'another result': lambda: edit(some, hr),
    'another interface': lambda: edit(some, elsewhere), 'a byte more': lambda: edit(some, longer), 'cut off in the middle': cut,
}

def count(text, pattern):
    m = re.search(pattern, text.strip().split('\n')[-1])
    return [int(x) for x in m.groups()] if m else text[-300:]

base = os.path.join(out, 'base.jsonl')
with open(base, 'w', encoding='utf-8', errors='surrogateescape') as f: f.write('\n'.join(lines) + '\n')
failed = 0
for name, make in changes.items():
    new, record = make()
    path = os.path.join(out, 'mutated.jsonl')
    with open(path, 'w', encoding='utf-8', errors='surrogateescape') as f: f.write('\n'.join(new) + ('' if name.startswith('cut') else '\n'))
    p = subprocess.run([sys.executable, compare, base, path], capture_output=True, text=True, errors='replace')
    q = subprocess.run([nrprof, 'diff', '--ignore', 'event=*', base, path], capture_output=True, text=True, errors='replace')
    theirs = count(p.stdout, r'^(\d+) methods, (\d+) byte-identical, (\d+) token-only, (\d+) different, (\d+) only-A, (\d+) only-B')
    ours = count(q.stdout, r'^(\d+) methods: (\d+) identical, (\d+) token numbering only, (\d+) different, (\d+) only in A, (\d+) only in B')
    named = record is None or '%s.%s (%s, %s)' % (record['type'], record['method'], record['asm'], record['tok'].upper()) in q.stdout
    ok = theirs == ours and p.returncode == q.returncode and named and (record is None) == (theirs[1] + theirs[2] == theirs[0])
    failed += not ok
    print('%-28s %s' % (name, ours if ok else 'DIFFERS: compare.py %s (%d), nrprof diff %s (%d), method named: %s' % (theirs, p.returncode, ours, q.returncode, named)))
    os.remove(path)
os.remove(base)
print('%d changes, %d of them judged otherwise' % (len(changes), failed))
sys.exit(failed != 0)
