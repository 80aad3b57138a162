using System.Text;
using LoraLab.Training.Files;

namespace LoraLab.Training.Data;

/// <summary>Recognizes data files that are no text by their first bytes, and says what to do about them.</summary>
internal static class TableSignature
{
    private const string Convert = "convert it to CSV, TSV or JSONL";

    private static readonly (byte[] Start, string Predicate)[] _known =
    [
        ([.. "PAR1"u8], "is a Parquet file; set \"format\": \"parquet\" in dataset.json"),
        ([.. "ARROW1"u8], "is an Arrow file; " + Convert),
        ([0xFF, 0xFF, 0xFF, 0xFF], "is an Arrow stream; " + Convert),
        ([.. "FEA1"u8], "is a Feather file; " + Convert),
        ([.. "ORC"u8, 0x0A], "is an ORC file; " + Convert),
        ([.. "Obj"u8, 0x01], "is an Avro file; " + Convert),
        ([.. "SQLite format 3"u8, 0], "is an SQLite database; export its table as CSV"),
        ([.. "PK"u8, 0x03, 0x04], "is a spreadsheet or a zip archive; save the table as CSV, or unpack it"),
        ([0xD0, 0xCF, 0x11, 0xE0], "is a spreadsheet; save the table as CSV"),
        ([.. "%PDF-"u8], "is a PDF document; save the table as CSV"),
        ([.. "BZh"u8], "is compressed with bzip2; unpack it"),
    ];

    /// <summary>What a file is, with the remedy, as the predicate of a sentence; null: it may be text.</summary>
    public static string? Of(ReadOnlySpan<byte> start)
    {
        foreach ((byte[] known, string predicate) in _known)
        {
            if (start.StartsWith(known))
            {
                return predicate;
            }
        }

        // Markup and JSON may be the text of a row.
        return start.IsEmpty || start[0] is (byte)'<' or (byte)'{' ? null : FileSignature.Of(start);
    }

    /// <summary>As <see cref="Of(ReadOnlySpan{byte})"/>, of a first line that should be a header.</summary>
    public static string? OfHeader(string line) => line.Length == 0 ? null : FileSignature.Of(Encoding.UTF8.GetBytes(line));
}
