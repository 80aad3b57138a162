using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace LoraLab.Tests.Support;

/// <summary>
/// An independent safetensors reader, written from the specification of the format without product code or a tensor library: eight bytes
/// of length, JSON, data. It is slow and validates only what it needs.
/// </summary>
internal sealed class PlainSafetensors
{
    private readonly byte[] _bytes;
    private readonly int _data;
    private readonly Dictionary<string, JsonElement> _entries = [];

    public PlainSafetensors(string path)
    {
        _bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes);
        _data = sizeof(ulong) + length;
        HeaderText = Encoding.UTF8.GetString(_bytes, sizeof(ulong), length);
        using JsonDocument header = JsonDocument.Parse(HeaderText);
        foreach (JsonProperty property in header.RootElement.EnumerateObject())
        {
            _entries.Add(property.Name, property.Value.Clone());
        }
    }

    public string HeaderText { get; }

    public IReadOnlyDictionary<string, string> Metadata => _entries["__metadata__"].Deserialize<Dictionary<string, string>>()!;

    public IEnumerable<string> Names => _entries.Keys.Where(name => name != "__metadata__").Order(StringComparer.Ordinal);

    public string Dtype(string name) => _entries[name].GetProperty("dtype").GetString()!;

    public int[] Shape(string name) => _entries[name].GetProperty("shape").Deserialize<int[]>()!;

    public byte[] Bytes(string name)
    {
        long[] offsets = _entries[name].GetProperty("data_offsets").Deserialize<long[]>()!;
        return _bytes[(_data + (int)offsets[0])..(_data + (int)offsets[1])];
    }

    /// <summary>A matrix of F32 or BF16 values as doubles.</summary>
    public double[,] Matrix(string name)
    {
        int[] shape = Shape(name);
        byte[] bytes = Bytes(name);
        int size = Dtype(name) == "F32" ? 4 : 2;
        double[,] values = new double[shape[0], shape[1]];
        for (int i = 0; i < shape[0]; i++)
        {
            for (int j = 0; j < shape[1]; j++)
            {
                ReadOnlySpan<byte> value = bytes.AsSpan(((i * shape[1]) + j) * size, size);
                values[i, j] = size == 4
                    ? BinaryPrimitives.ReadSingleLittleEndian(value)
                    : BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(value) << 16);
            }
        }

        return values;
    }

    /// <summary>Product of two matrices.</summary>
    public static double[,] Product(double[,] left, double[,] right)
    {
        double[,] product = new double[left.GetLength(0), right.GetLength(1)];
        for (int i = 0; i < left.GetLength(0); i++)
        {
            for (int j = 0; j < right.GetLength(1); j++)
            {
                for (int k = 0; k < right.GetLength(0); k++)
                {
                    product[i, j] += left[i, k] * right[k, j];
                }
            }
        }

        return product;
    }
}
