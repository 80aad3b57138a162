using System.Globalization;
using System.Text;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace LoraLab.Training.Data;

/// <summary>The values of a primitive column of a row group, read one after the other with their levels.</summary>
internal sealed class ParquetLeaf : IDisposable
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly DataField _field;
    private readonly RawColumnData _data;
    private readonly Func<int, string> _text;
    private readonly int _slots;
    private int _slot;
    private int _value;

    private ParquetLeaf(DataField field, RawColumnData data, Func<int, string> text, int slots) =>
        (_field, _data, _text, _slots) = (field, data, text, slots);

    /// <summary>Name of the column.</summary>
    public string Name => _field.Name;

    /// <summary>Whether its values are text, and not numbers.</summary>
    public bool IsText => _data is RawColumnData<ReadOnlyMemory<char>> or RawColumnData<ReadOnlyMemory<byte>>;

    /// <summary>Whether all values have been read.</summary>
    public bool IsAtEnd => _slot == _slots;

    /// <summary>Definition level of the next value.</summary>
    public int Definition => _field.MaxDefinitionLevel == 0 ? 0 : _data.DefinitionLevels[_slot];

    /// <summary>Repetition level of the next value; 0 begins a row.</summary>
    public int Repetition => _field.MaxRepetitionLevel == 0 ? 0 : _data.RepetitionLevels[_slot];

    /// <summary>Reads a column; null if its type is neither text nor a number.</summary>
    public static ParquetLeaf? Read(ParquetRowGroupReader reader, DataField field)
    {
        if (!IsSupported(field.ClrType))
        {
            return null;
        }

        RawColumnData data = reader.ReadRawColumnDataBaseAsync(field).AsTask().GetAwaiter().GetResult();
        int slots = field.MaxDefinitionLevel > 0 ? data.DefinitionLevels.Length : checked((int)reader.RowCount);
        return new ParquetLeaf(field, data, Text(data), slots);
    }

    /// <summary>Reads the next value; false and null if it is missing.</summary>
    public bool Next(out string? value)
    {
        bool present = Definition == _field.MaxDefinitionLevel;
        value = present ? _text(_value++) : null;
        _slot++;
        return present;
    }

    public void Dispose() => _data.Dispose();

    private static bool IsSupported(Type type) => type == typeof(ReadOnlyMemory<char>) || type == typeof(ReadOnlyMemory<byte>)
        || type == typeof(byte[]) || type == typeof(string) || (type.IsPrimitive && type != typeof(char) && type != typeof(nint));

    private static Func<int, string> Text(RawColumnData data) => data switch
    {
        RawColumnData<ReadOnlyMemory<char>> text => index => text.Values[index].ToString(),
        RawColumnData<ReadOnlyMemory<byte>> bytes => index => _strict.GetString(bytes.Values[index].Span),
        RawColumnData<bool> flags => index => flags.Values[index] ? "true" : "false",
        RawColumnData<long> numbers => index => Number(numbers.Values[index]),
        RawColumnData<int> numbers => index => Number(numbers.Values[index]),
        RawColumnData<short> numbers => index => Number(numbers.Values[index]),
        RawColumnData<sbyte> numbers => index => Number(numbers.Values[index]),
        RawColumnData<byte> numbers => index => Number(numbers.Values[index]),
        RawColumnData<ushort> numbers => index => Number(numbers.Values[index]),
        RawColumnData<uint> numbers => index => Number(numbers.Values[index]),
        RawColumnData<ulong> numbers => index => Number(numbers.Values[index]),
        RawColumnData<float> numbers => index => Number(numbers.Values[index]),
        RawColumnData<double> numbers => index => Number(numbers.Values[index]),
        _ => throw new NotSupportedException($"its values are {data.GetType()}"),
    };

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
