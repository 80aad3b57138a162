using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Contracts;
using LoraLab.Server.Infrastructure;

namespace LoraLab.Server.Storage.Transfer;

/// <summary>
/// The file of a whole store: lines of JSON, compressed with gzip. A header, one line per item, and a last line with the counts and hashes
/// of each kind, without which the file is incomplete.
/// </summary>
internal static class TransferFile
{
    /// <summary>The version of the format that this server writes and reads.</summary>
    public const int Version = 1;

    private const string Format = "loralab-store";

    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes everything of a source; its totals.</summary>
    public static IReadOnlyDictionary<TransferKind, TransferTotal> Write(Stream output, ITransferSource source, DateTimeOffset now)
    {
        using GZipStream compressed = new(output, CompressionLevel.Optimal, leaveOpen: true);
        using StreamWriter writer = new(compressed, _utf8, bufferSize: 1 << 16) { NewLine = "\n" };
        using TransferTotals totals = new();
        writer.WriteLine(Text(new Header(Format, Version, ServerVersion.Text, now)));
        foreach (TransferItem item in source.Read())
        {
            JsonElement value = item.ToJson();
            totals.Add(item.Kind, value);
            writer.WriteLine(Text(new Line { Kind = item.Kind, Value = value }));
        }

        writer.WriteLine(Text(new Line { End = totals.Now }));
        return totals.Now;
    }

    /// <summary>Passes every item to <paramref name="write"/>, and checks that they are all that were written; their totals.</summary>
    /// <exception cref="StartFailure">The file is of another format, damaged or incomplete.</exception>
    public static IReadOnlyDictionary<TransferKind, TransferTotal> Read(Stream input, string name, Action<TransferItem> write)
    {
        long number = 0;
        try
        {
            using GZipStream plain = new(input, CompressionMode.Decompress, leaveOpen: true);
            using StreamReader reader = new(plain, _utf8);
            using TransferTotals totals = new();
            number++;
            CheckHeader(reader.ReadLine(), name);
            while (reader.ReadLine() is { } text)
            {
                number++;
                Line line = JsonSerializer.Deserialize<Line>(text, ContractJson.Options) ?? throw new JsonException("the line is null");
                if (line.End is { } end)
                {
                    CheckTotals(end, totals.Now, name);
                    return reader.ReadLine() is null
                        ? end
                        : throw new StartFailure($"{name} goes on behind its last line; it is damaged. Nothing was imported.");
                }

                if (line.Kind is not TransferKind kind)
                {
                    throw new JsonException("the line has no kind");
                }

                totals.Add(kind, line.Value);
                write(TransferItem.Read(kind, line.Value));
            }
        }
        catch (Exception damage) when (damage is JsonException or InvalidDataException or DecoderFallbackException or FormatException)
        {
            throw new StartFailure($"{name} is damaged at line {number} ({damage.Message.Split('\n')[0].TrimEnd('.')}); "
                + "use another copy. Nothing was imported.");
        }

        throw new StartFailure($"{name} ends after line {number}, before its last line: it is incomplete; use another copy. "
            + "Nothing was imported.");
    }

    private static void CheckHeader(string? text, string name)
    {
        if (text is null)
        {
            throw new StartFailure($"{name} is empty or cut off; use another copy. Nothing was imported.");
        }

        Header? header = JsonSerializer.Deserialize<Header>(text, ContractJson.Options);
        if (header?.Format != Format)
        {
            throw new StartFailure($"{name} is not a file of `export` or `backup`. Nothing was imported.");
        }

        if (header.Version != Version)
        {
            throw new StartFailure($"{name} was written by LoraLab {header.Server} in version {header.Version} of the format, and this "
                + $"server reads version {Version}: import it with that version. Nothing was imported.");
        }
    }

    private static void CheckTotals(
        IReadOnlyDictionary<TransferKind, TransferTotal> stated, IReadOnlyDictionary<TransferKind, TransferTotal> read, string name)
    {
        foreach ((TransferKind kind, TransferTotal total) in read)
        {
            if (!stated.TryGetValue(kind, out TransferTotal? expected) || expected != total)
            {
                throw new StartFailure($"{name} is damaged: its lines of kind {Text(kind)} are {total}, and its last line says "
                    + $"{expected?.ToString() ?? "nothing of them"}; use another copy. Nothing was imported.");
            }
        }
    }

    private static string Text<T>(T line) => JsonSerializer.Serialize(line, ContractJson.Options);

    private sealed record Header(string Format, int Version, string Server, DateTimeOffset At);

    private sealed record Line
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public TransferKind? Kind { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public JsonElement Value { get; init; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IReadOnlyDictionary<TransferKind, TransferTotal>? End { get; init; }
    }
}
