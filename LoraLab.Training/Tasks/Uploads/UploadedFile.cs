using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks.Uploads;

/// <summary>An uploaded file: its text, how it is written, and its columns.</summary>
internal sealed class UploadedFile
{
    private const int Probed = 200;
    private const int MaximumColumns = 1000;
    private const int MaximumExample = 300;
    private static readonly char[] _delimiters = [',', '\t', ';', '|'];

    private readonly List<ColumnCount> _columns;
    private readonly string _path;
    private readonly string _displayName;

    private UploadedFile(string path, string name, string displayName, JsonHints hints)
    {
        (_path, _displayName, Name) = (path, displayName, name);
        TextSource text = Text();
        Format = Path.GetExtension(name).TrimStart('.');
        if (Format == "jsonl")
        {
            _columns = [];
            CountKeys(text);
            return;
        }

        Delimiter = hints.Delimiter ?? Detect(text, hints);
        HasQuoting = hints.Quoting ?? Format == "csv";
        int? broken = null;
        foreach (string[] _ in Fields(text, line => broken ??= line))
        {
            // All rows: the columns of a file with a broken one cannot be counted.
        }

        if (broken is int line)
        {
            throw UploadedText.Refused(
                $"{displayName}, line {line}: a quotation mark is misplaced or not closed; inside a quoted field, double each quotation "
                    + "mark.");
        }

        string[][] first = [.. Fields(text).Take(Probed)];
        string[] names = first.Length == 0
            ? throw UploadedText.Refused($"{displayName} has no rows; upload a CSV, TSV or JSONL file with rows.")
            : first[0];
        HasHeader = hints.Header ?? LooksLikeHeader(first);
        if (names.Length > MaximumColumns)
        {
            throw UploadedText.Refused(
                $"{displayName} has {NumberFormat.Count(names.Length)} columns; the maximum is {NumberFormat.Count(MaximumColumns)}.");
        }

        RequireDifferent(names, hints);

        _columns = [.. names.Select((title, i) => new ColumnCount(
            HasHeader && title.Trim().Length > 0 ? title : (i + 1).ToString(CultureInfo.InvariantCulture)))];
        foreach (string[] fields in Fields(text).Skip(HasHeader ? 1 : 0))
        {
            Rows++;
            for (int i = 0; i < _columns.Count; i++)
            {
                _columns[i].Add(i < fields.Length ? fields[i] : "");
            }
        }

        if (Rows == 0)
        {
            throw UploadedText.Refused($"{displayName} has no rows after its header; upload a CSV, TSV or JSONL file with rows.");
        }
    }

    /// <summary>Name of the file in the dataset.</summary>
    public string Name { get; }

    /// <summary><c>csv</c>, <c>tsv</c> or <c>jsonl</c>.</summary>
    public string Format { get; }

    /// <summary>Character between the fields; null: the file has keys.</summary>
    public char? Delimiter { get; }

    /// <summary>Whether fields may be in quotation marks.</summary>
    public bool HasQuoting { get; }

    /// <summary>Whether the first line names the columns.</summary>
    public bool HasHeader { get; } = true;

    /// <summary>Rows, without the header.</summary>
    public int Rows { get; private set; }

    /// <summary>The columns, in their order.</summary>
    public IReadOnlyList<ColumnCount> Columns => _columns;

    /// <summary>What a page shows of the file.</summary>
    public UploadedTable Table => new()
    {
        Name = Name,
        Format = Format,
        Delimiter = Delimiter?.ToString(),
        Header = HasHeader && Delimiter is not null,
        Rows = Rows,
        Columns =
        [
            .. _columns.Select(column => new UploadedColumn
            {
                Name = column.Name,
                Distinct = column.Values.Count,
                Empty = column.Empty,
                Example = column.First.Length > MaximumExample ? column.First[..MaximumExample] + "…" : column.First,
            }),
        ],
    };

    /// <summary>Reads a file.</summary>
    /// <param name="folder">Folder of the upload.</param>
    /// <param name="name">Name of the file, whose extension is its format.</param>
    /// <param name="dataset">Name of the dataset, for messages.</param>
    /// <param name="hints">What the manifest says about it.</param>
    /// <exception cref="RunFailure">It is no table of several columns; field <c>file</c>.</exception>
    public static UploadedFile Read(string folder, string name, string dataset, JsonHints hints) =>
        new(Path.Combine(folder, name), name, $"{dataset}/{name}", hints);

    /// <summary>Reads its text, which is not kept: the rows of a large file take enough memory.</summary>
    public TextSource Text() => UploadedText.Read(_path, _displayName);

    private IEnumerable<string[]> Fields(TextSource text, Action<int>? onBroken = null) =>
        RowReader.Fields(text, Delimiter!.Value, HasQuoting, onBroken ?? (_ => { })).Select(row => row.Fields);

    /// <summary>The delimiter with which the first rows have the same number of fields, at least two.</summary>
    private char Detect(TextSource text, JsonHints hints)
    {
        (char Delimiter, int Columns) best = ('\0', 1);
        (int Rows, string Problem) uneven = (0, "");
        foreach (char delimiter in Format == "tsv" ? _delimiters.OrderBy(known => known != '\t') : _delimiters.AsEnumerable())
        {
            (int Line, int Columns)[] rows =
            [
                .. RowReader.Fields(text, delimiter, hints.Quoting ?? Format == "csv", _ => { }).Take(Probed)
                    .Select(row => (row.Line, row.Fields.Length)),
            ];
            if (rows.Length == 0 || rows[0].Columns <= best.Columns)
            {
                continue;
            }

            // Short rows lack trailing fields, and a few broken ones are reported with their lines later.
            int even = rows.Count(row => row.Columns == rows[0].Columns);
            if (even >= rows.Length * 0.8)
            {
                best = (delimiter, rows[0].Columns);
            }
            else if (even > uneven.Rows)
            {
                uneven = (even, Uneven(rows, delimiter));
            }
        }

        return best.Columns > 1 ? best.Delimiter
            : text.IsBlank ? throw UploadedText.Refused(
                $"{_displayName} has no rows; upload a CSV, TSV or JSONL file with rows.")
            : hints.AllowsOneColumn ? Format == "tsv" ? '\t' : ','
            : uneven.Rows > 0 ? throw UploadedText.Refused(uneven.Problem)
            : throw UploadedText.Refused(
                $"{_displayName}, line 1 has one column; a dataset needs a column of texts and one of labels or completions, separated by "
                    + "commas, tabs, semicolons or vertical bars.");
    }

    /// <summary>Names the first row that is not like line 1.</summary>
    private string Uneven((int Line, int Columns)[] rows, char delimiter)
    {
        (int line, int columns) = rows.First(row => row.Columns != rows[0].Columns);
        return $"{_displayName}, line {NumberFormat.Count(line)} has {NumberFormat.Count(columns, "column")}, but line "
            + $"{NumberFormat.Count(rows[0].Line)} has {NumberFormat.Count(rows[0].Columns)}; give every row the same columns, and put a "
            + $"field that contains {RowReader.DelimiterName(delimiter)} in quotation marks.";
    }

    /// <summary>
    /// A header has a name for each column, none of them twice or a number, and none that its column has as a value. Columns without a name
    /// are allowed beside those of texts and labels, and in front of row numbers, which data frames are written with.
    /// </summary>
    private static bool LooksLikeHeader(string[][] first)
    {
        string[] names = [.. first[0].Where(name => name.Trim().Length > 0)];
        return names.Length > 0
            && (names.Length == first[0].Length || names.Any(ManifestGuess.IsUsualName) || IsRowNumber(first))
            && names.All(name => name.Length <= 100 && !double.TryParse(name, CultureInfo.InvariantCulture, out _))
            && names.Distinct(StringComparer.Ordinal).Count() == names.Length
            && !first.Skip(1).Any(row => row.Zip(first[0]).Any(field => field.First.Trim().Length > 0 && field.First == field.Second));
    }

    /// <summary>Whether only the first column has no name, and whole numbers.</summary>
    private static bool IsRowNumber(string[][] first) =>
        first.Length > 1 && first[0].Skip(1).All(name => name.Trim().Length > 0)
        && first.Skip(1).All(row => int.TryParse(row[0], NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <summary>A first line with a name twice is no header to the reader, although it was meant as one.</summary>
    private void RequireDifferent(string[] names, JsonHints hints)
    {
        if (hints.Header != false && names.Any(ManifestGuess.IsUsualName)
            && names.Where(name => name.Trim().Length > 0).GroupBy(name => name, StringComparer.Ordinal)
                .FirstOrDefault(name => name.Skip(1).Any()) is { } twice)
        {
            throw UploadedText.Refused(
                $"{_displayName}, line 1 names {NumberFormat.Count(twice.Count())} columns '{Excerpt.Of(twice.Key)}'; give each column its "
                    + "own name.");
        }
    }

    private void CountKeys(TextSource text)
    {
        Dictionary<string, ColumnCount> known = [];
        foreach ((int number, string line) in text.Lines())
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            Rows++;
            try
            {
                using JsonDocument row = JsonDocument.Parse(line);
                if (row.RootElement.ValueKind != JsonValueKind.Object)
                {
                    throw UploadedText.Refused($"{_displayName}, line {number} is not a JSON object; write one object per line.");
                }

                foreach (JsonProperty value in row.RootElement.EnumerateObject())
                {
                    if (!known.TryGetValue(value.Name, out ColumnCount? column) && known.Count < MaximumColumns)
                    {
                        known[value.Name] = column = new(value.Name);
                        _columns.Add(column);
                    }

                    column?.Add(value.Value.ValueKind == JsonValueKind.String ? value.Value.GetString()! : value.Value.GetRawText());
                    if (column is not null && value.Value.ValueKind == JsonValueKind.Array)
                    {
                        column.HasLists = true;
                    }
                }
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException)
            {
                throw UploadedText.Refused($"{_displayName}, line {number} is not a JSON object in UTF-8; write one object per line.");
            }
        }

        if (Rows == 0)
        {
            throw UploadedText.Refused($"{_displayName} has no rows; upload a CSV, TSV or JSONL file with rows.");
        }
    }
}
