#!/usr/bin/env python3
"""overlay.py nop|mapping GOLDEN RECORDING

Did a changed Lua file in the home directory change exactly what it says, in every method body?
  nop      the tracer template has one nop more behind its rethrow: that byte is there, the code is one byte longer, the
           leave over the handler reaches one byte further, the handler is one byte longer, what follows is shifted
  mapping  the XML mapping gives bit 9 instead of bit 10 of the tracer flags: the operand of that instruction differs by
           these two bits (where the rule sets the bit), and nothing else does"""
import json, lzma, struct, sys

def bodies(path):
    opened = lzma.open(path, 'rt') if path.endswith('.xz') else open(path)
    found = {}
    for line in opened:
        record = json.loads(line)
        if record['ev'] != 'setil': continue
        il = bytearray(bytes.fromhex(record['il']))
        for at, whose in record['fid']:
            if whose == 'self': il[at:at + 8] = b'FUNCTION'   # an address, other in every process
        found[record['asm'], record['tok']] = il
    return found

def split(il):
    flags, stack, size, local_sig = struct.unpack_from('<HHII', il, 0)
    code = il[12:12 + size]
    at = 12 + size + -size % 4
    count = (struct.unpack_from('<I', il, at)[0] >> 8) // 24
    clauses = [list(struct.unpack_from('<6I', il, at + 4 + 24 * i)) for i in range(count)]
    return flags, stack, local_sig, code, clauses

def join(flags, stack, local_sig, code, clauses):
    il = bytearray(struct.pack('<HHII', flags, stack, len(code), local_sig)) + code
    il += bytes(-len(il) % 4) + struct.pack('<I', 0x41 | (24 * len(clauses) + 4) << 8)
    for clause in clauses: il += struct.pack('<6I', *clause)
    return il

def with_nop(il):
    flags, stack, local_sig, code, clauses = split(il)
    outer = clauses[-2]                       # the clause around the method's own code
    _, try_at, try_size, handler_at, handler_size, _ = outer
    at = handler_at + handler_size - 5        # behind rethrow, before the handler's leave
    assert code[at - 2:at] == b'\xfe\x1a' and code[at] == 0xdd
    code[at:at] = b'\0'
    leave = try_at + try_size - 5
    assert code[leave] == 0xdd
    struct.pack_into('<I', code, leave + 1, struct.unpack_from('<I', code, leave + 1)[0] + 1)
    for clause in clauses:
        if clause[1] > at: clause[1] += 1
        if clause[3] > at: clause[3] += 1
    outer[4] += 1
    return join(flags, stack, local_sig, code, clauses)

def with_other_bit(golden, ours):
    """The golden body with the flags of the other mapping: bit 10 becomes bit 9."""
    il = bytearray(golden)
    differing = [i for i in range(min(len(golden), len(ours))) if golden[i] != ours[i]]
    if differing:
        at = differing[0] - 1                 # bits 9 and 10 are in the second byte of the operand
        assert il[at - 1] == 0x20 and il[at + 1] & 4 and not il[at + 1] & 2
        il[at + 1] ^= 6
    return il

def main(what, golden_path, our_path):
    golden, ours = bodies(golden_path), bodies(our_path)
    changed = 0
    if set(golden) != set(ours): sys.exit('%d methods, not %d' % (len(ours), len(golden)))
    for key, il in golden.items():
        want = with_nop(il) if what == 'nop' else with_other_bit(il, ours[key])
        if want != ours[key]: sys.exit('%s %s differs otherwise' % key)
        changed += want != il
    if not changed: sys.exit('nothing changed in %d methods' % len(golden))
    print('%d methods, %d changed as they should, nothing else' % (len(golden), changed))

main(*sys.argv[1:])
