using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LoraLab.Tests.Support;

/// <summary>Corrupts bytes as accidents and attackers do. Deterministic for a seed.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] _numbers =
    [
        "0", "1", "-1", "2", "7", "255", "4096", "65536", "1e3", "1.5", "1e400", "-0", "2147483647", "2147483648", "4294967296",
        "4611686018427387904",
        "9223372036854775807", "9223372036854775808", "18446744073709551615", "99999999999999999999999999", "null", "\"4\"", "[]", "{}",
    ];

    private static readonly string[] _words =
    [
        "\"", "\"\"", "\\", "\\ud800", "\\u0000", "\0", "\t", "\n", "\r", "\r\n", ",", ":", "[", "]", "{", "}", "[[[[[[[[", "{\"a\":", "é",
        "\u2028", "F64", "I64", "F8_E4M3", "BOOL", "U64",
        "__metadata__", "dtype", "shape", "data_offsets", "NaN", "Infinity", "true", "../x", "sentence", "label",
    ];

    private readonly Random _random = new(seed);

    /// <summary>Returns a corrupted copy.</summary>
    public byte[] Corrupt(byte[] original)
    {
        byte[] bytes = original;
        // Mostly one change: more are detected too early to reach the later checks.
        int changes = _random.Next(10) < 7 ? 1 : _random.Next(2, 5);
        for (int i = 0; i < changes; i++)
        {
            bytes = Change(bytes);
        }

        return bytes;
    }

    /// <summary>A non-negative random integer below a bound.</summary>
    public int Next(int bound) => _random.Next(bound);

    private byte[] Change(byte[] bytes) => bytes.Length == 0 ? Random(_random.Next(40)) : _random.Next(11) switch
    {
        0 => Edit(bytes, copy => copy[_random.Next(copy.Length)] ^= (byte)(1 << _random.Next(8))),
        1 => Edit(bytes, copy => copy[_random.Next(copy.Length)] = (byte)_random.Next(256)),
        2 => bytes[.._random.Next(bytes.Length)],
        3 => bytes[_random.Next(bytes.Length)..],
        4 => Splice(bytes),
        5 => Insert(bytes, Random(_random.Next(1, 64))),
        6 => Insert(bytes, Encoding.UTF8.GetBytes(_words[_random.Next(_words.Length)])),
        7 => Repeat(bytes),
        8 => Length(bytes),
        _ => Number(bytes),
    };

    private static byte[] Edit(byte[] bytes, Action<byte[]> change)
    {
        byte[] copy = [.. bytes];
        change(copy);
        return copy;
    }

    /// <summary>Moves a range of bytes to another position.</summary>
    private byte[] Splice(byte[] bytes)
    {
        (int start, int length) = RandomRange(bytes);
        return Insert([.. bytes[..start], .. bytes[(start + length)..]], bytes[start..(start + length)]);
    }

    private byte[] Repeat(byte[] bytes)
    {
        (int start, int length) = RandomRange(bytes);
        byte[] range = bytes[start..(start + length)];
        return Insert(bytes, [.. Enumerable.Repeat(range, _random.Next(1, 8)).SelectMany(part => part)]);
    }

    private (int Start, int Length) RandomRange(byte[] bytes)
    {
        int start = _random.Next(bytes.Length);
        return (start, _random.Next(1, Math.Min(200, bytes.Length - start) + 1));
    }

    private byte[] Insert(byte[] bytes, byte[] inserted)
    {
        int at = _random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. inserted, .. bytes[at..]];
    }

    /// <summary>Changes the 8-byte length before a safetensors header.</summary>
    private byte[] Length(byte[] bytes) => Edit(bytes, copy =>
    {
        if (copy.Length < sizeof(ulong))
        {
            return;
        }

        ulong length = _random.Next(5) switch
        {
            0 => ulong.MaxValue,
            1 => long.MaxValue,
            2 => 100_000_000,
            3 => (ulong)_random.Next(copy.Length * 2),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(copy) + (ulong)_random.Next(-9, 9),
        };
        BinaryPrimitives.WriteUInt64LittleEndian(copy, length);
    });

    /// <summary>Replaces a number in the text by another one.</summary>
    private byte[] Number(byte[] bytes)
    {
        int at = _random.Next(bytes.Length);
        int start = Array.FindIndex(bytes, at, value => char.IsAsciiDigit((char)value));
        if (start < 0)
        {
            return Change(bytes[..^1]);
        }

        int end = start;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end]))
        {
            end++;
        }

        string replacement = _random.Next(3) == 0
            ? _random.NextInt64().ToString(CultureInfo.InvariantCulture)
            : _numbers[_random.Next(_numbers.Length)];
        return [.. bytes[..start], .. Encoding.ASCII.GetBytes(replacement), .. bytes[end..]];
    }

    private byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }
}
