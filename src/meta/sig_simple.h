/* sig_simple.h - element types that are one byte (ECMA-335 II.23.1.16) and their names. */
#ifndef NR_META_SIG_SIMPLE_H
#define NR_META_SIG_SIMPLE_H

#define NR_SIG_SIMPLE(X) \
    X(0x02, "System.Boolean") \
    X(0x03, "System.Char") \
    X(0x04, "System.SByte") \
    X(0x05, "System.Byte") \
    X(0x06, "System.Int16") \
    X(0x07, "System.UInt16") \
    X(0x08, "System.Int32") \
    X(0x09, "System.UInt32") \
    X(0x0A, "System.Int64") \
    X(0x0B, "System.UInt64") \
    X(0x0C, "System.Single") \
    X(0x0D, "System.Double") \
    X(0x0E, "System.String") \
    X(0x18, "System.IntPtr") \
    X(0x19, "System.UIntPtr") \
    X(0x1C, "System.Object")

enum { NR_SIG_SIMPLE_END = 0x1D };

#endif
