using System.Buffers.Binary;
using System.Text.Json;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using Microsoft.Win32.SafeHandles;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>
/// Reads and validates a safetensors header: eight bytes of length, JSON, then the data, which the tensors must cover without
/// overlap, gap or trailing bytes. Everything is validated before a tensor is read.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const long MaxHeaderBytes = 100_000_000;
    private const int MaxAxes = 16;
    private static readonly JsonDocumentOptions _strict = new() { AllowDuplicateProperties = false };

    private readonly string _file;
    private readonly string? _field;

    private SafetensorsHeader(string file, string? field)
    {
        _file = file;
        _field = field;
    }

    public Dictionary<string, SafetensorsEntry> Entries { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Bytes of the file before the data.</summary>
    public byte[] Bytes { get; private set; } = [];

    public static SafetensorsHeader Read(SafeFileHandle handle, string file, string? field)
    {
        SafetensorsHeader header = new(file, field);
        header.Read(handle);
        return header;
    }

    private void Read(SafeFileHandle handle)
    {
        long fileLength = RandomAccess.GetLength(handle);
        byte[] prefix = new byte[sizeof(ulong)];
        byte[] start = new byte[Math.Min(FileSignature.Length, fileLength)];
        Require(TryFill(handle, start), "was truncated while being read; download the file again");
        string? other = FileSignature.OfBinary(start);
        Require(other is null, other ?? "");
        Require(TryFill(handle, prefix), "is truncated: it has no header; download the file again");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        Require(
            length is >= 2 and <= MaxHeaderBytes,
            $"is not a safetensors file: its first eight bytes declare a header of {length} bytes; if it is encrypted, decrypt it, "
                + "otherwise download it again");
        Require(
            (long)length <= fileLength - prefix.Length,
            $"is truncated: its header should have {length} bytes, but the file has {fileLength}; download the file again");
        Bytes = new byte[prefix.Length + (int)length];
        Require(TryFill(handle, Bytes), "is truncated: it ends within its header; download the file again");
        ReadOnlyMemory<byte> json = Bytes.AsMemory(prefix.Length);
        Require(json.Span[0] == (byte)'{', "is not a safetensors file: its header does not start with '{'");
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, _strict);
            ReadEntries(document.RootElement, Bytes.Length);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name that is valid JSON but not valid text, such as the lone surrogate "\ud800".
            throw RunFailure.BadData(
                $"{_file} has a header that is not valid JSON: {Excerpt.Of(JsonText.Problem(problem))}", _field, problem);
        }

        CheckCoverage(Bytes.Length, fileLength);
    }

    private static bool TryFill(SafeFileHandle handle, Span<byte> target)
    {
        for (int filled = 0; filled < target.Length;)
        {
            int read = RandomAccess.Read(handle, target[filled..], filled);
            if (read == 0)
            {
                return false;
            }

            filled += read;
        }

        return true;
    }

    private void ReadEntries(JsonElement root, long dataStart)
    {
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                ReadMetadata(property.Value);
            }
            else
            {
                Entries.Add(property.Name, Entry(property.Name, property.Value, dataStart));
            }
        }
    }

    private void ReadMetadata(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        Require(value.ValueKind == JsonValueKind.Object, "has '__metadata__' that is not a JSON object");
        foreach (JsonProperty property in value.EnumerateObject())
        {
            Require(property.Value.ValueKind == JsonValueKind.String, $"has metadata '{Excerpt.Of(property.Name)}' that is not a string");
            Metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private SafetensorsEntry Entry(string name, JsonElement value, long dataStart)
    {
        string dtype = "";
        long[] shape = [], offsets = [];
        bool complete = value.ValueKind == JsonValueKind.Object
            && value.TryGetProperty("dtype", out JsonElement dtypeValue) && dtypeValue.ValueKind == JsonValueKind.String
            && (dtype = dtypeValue.GetString()!).Length > 0
            && value.TryGetProperty("shape", out JsonElement shapeValue) && TryReadSizes(shapeValue, out shape)
            && value.TryGetProperty("data_offsets", out JsonElement offsetsValue) && TryReadSizes(offsetsValue, out offsets)
            && offsets.Length == 2;
        string shown = Excerpt.Of(name);
        Require(complete, $"has an invalid entry for tensor '{shown}', which needs a dtype, a shape and two data_offsets");
        Require(
            SafetensorsDtypes.TryGetBits(dtype, out int bits),
            $"has tensor '{shown}' of unknown dtype '{Excerpt.Of(dtype)}'; convert it to F32, F16 or BF16");
        Require(shape.Length <= MaxAxes, $"has tensor '{shown}' with {shape.Length} axes; at most {MaxAxes} are supported");
        Require(offsets[1] >= offsets[0], $"has tensor '{shown}' with decreasing data_offsets: {offsets[0]} to {offsets[1]}");
        UInt128 size = (UInt128)bits;
        foreach (long axis in shape)
        {
            // An axis of size 0 must not hide an overflow of the strides.
            size *= (UInt128)Math.Max(axis, 1);
            Require(size <= (UInt128)long.MaxValue * 8, $"has tensor '{shown}' with an impossible shape");
        }

        size = shape.Contains(0) ? 0 : (size + 7) / 8;
        long length = offsets[1] - offsets[0];
        Require(
            size == (UInt128)length,
            $"has tensor '{shown}' of dtype {dtype} and shape [{string.Join(", ", shape)}] with {length} bytes instead of {size}");
        Require(offsets[1] <= long.MaxValue - dataStart, $"has tensor '{shown}' with impossible data_offsets");
        return new SafetensorsEntry(name, dtype, shape, dataStart + offsets[0], length);
    }

    private void CheckCoverage(long dataStart, long fileLength)
    {
        long expected = dataStart;
        string previous = "the header";
        foreach (SafetensorsEntry entry in Entries.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Length))
        {
            string shown = Excerpt.Of(entry.Name);
            Require(entry.Offset >= expected, $"has tensor '{shown}' that overlaps {previous}");
            Require(entry.Offset == expected, $"has {entry.Offset - expected} unused bytes before tensor '{shown}'");
            expected = entry.Offset + entry.Length;
            Require(
                expected <= fileLength,
                $"is truncated: tensor '{shown}' ends at byte {expected}, but the file has {fileLength}; download the file again");
            previous = $"tensor '{shown}'";
        }

        Require(expected == fileLength, $"has {fileLength - expected} bytes after its last tensor");
    }

    private static bool TryReadSizes(JsonElement value, out long[] numbers)
    {
        numbers = [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        numbers = new long[value.GetArrayLength()];
        int i = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out numbers[i]) || numbers[i++] < 0)
            {
                return false;
            }
        }

        return true;
    }

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw RunFailure.BadData($"{_file} {problem}.", _field);
        }
    }
}
