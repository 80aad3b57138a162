using System.Numerics;
using System.Text;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>CRC-32C checksums of documents, because LiteDB's pages have none.</summary>
internal static class Checksum
{
    public static int Of(string text) => unchecked((int)Add(uint.MaxValue, text));

    /// <summary>The checksum of a chunk of a series.</summary>
    public static int Of(string id, int attempt, ReadOnlySpan<byte> steps, ReadOnlySpan<byte> values) =>
        unchecked((int)Add(Add(BitOperations.Crc32C(Add(uint.MaxValue, id), (uint)attempt), steps), values));

    private static uint Add(uint sum, string text) => Add(sum, Encoding.UTF8.GetBytes(text));

    private static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            sum = BitOperations.Crc32C(sum, value);
        }

        return sum;
    }
}
