using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace LoraLab.Files;

/// <summary>SHA-256 of a sequence of length-prefixed parts, so that different sequences never have the same bytes.</summary>
public sealed class Sha256Hash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Returns the hash of a file's bytes in lowercase hex.</summary>
    public static string OfFile(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Returns the hash of bytes in lowercase hex, equal to that of a file with these bytes.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Adds a string as UTF-8.</summary>
    public Sha256Hash Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    /// <summary>Adds bytes.</summary>
    public Sha256Hash Add(ReadOnlySpan<byte> part)
    {
        Add((long)part.Length);
        _hash.AppendData(part);
        return this;
    }

    /// <summary>Adds integers, little-endian.</summary>
    public Sha256Hash Add(params IReadOnlyCollection<int> numbers)
    {
        Add((long)numbers.Count);
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (int number in numbers)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
            _hash.AppendData(bytes);
        }

        return this;
    }

    /// <summary>Returns the hash of the added parts in lowercase hex.</summary>
    public string Hex() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <inheritdoc />
    public void Dispose() => _hash.Dispose();

    /// <summary>Begins a part of so many bytes, which <see cref="Continue"/> adds: for parts that are not in memory as a whole.</summary>
    public void Begin(long length) => Add(length);

    /// <summary>Adds bytes to the part that was begun.</summary>
    public void Continue(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    private void Add(long length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        _hash.AppendData(bytes);
    }
}
