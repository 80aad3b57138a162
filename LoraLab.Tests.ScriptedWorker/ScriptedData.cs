using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Files;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// Datasets beside <c>sample</c>, whose runs write the texts of their evaluation rows: <c>pairs</c> with three labels, <c>topics</c> with
/// 200, and <c>instructions</c>, a completion task.
/// </summary>
internal sealed record ScriptedData(string Name, string Task, IReadOnlyList<string> Columns, string Prompt, IReadOnlyList<string> Labels)
{
    private static readonly (string Premise, string Hypothesis)[] _pairs =
    [
        ("A man plays the violin on a busy street.", "Someone makes music outside."),
        ("Two dogs run through shallow water at the beach.", "The dogs are wearing red collars."),
        ("The kitchen was empty when she came home.", "Her brother was cooking dinner in the kitchen."),
        ("Every seat in the hall was taken before the concert began, and people stood along the walls.",
            "The concert was well attended."),
    ];

    private static readonly (string Prompt, string Completion)[] _instructions =
    [
        ("### Instruction:\nName the capital of France.\n\n### Response:\n", "Paris"),
        ("### Instruction:\nA box has 12 pens. Four boxes have how many pens?\n\n### Response:\n",
            "Four boxes have 4 × 12 = 48 pens.\n#### 48"),
        ("### Instruction:\nWrite a short, friendly reply.\n\n### Input:\nCan we move our meeting to Friday?\n\n### Response:\n",
            "Of course! Friday works well for me. Shall we keep the same time?"),
        ("### Instruction:\nList three colors.\n\n### Response:\n", "- red\n- green\n- blue"),
    ];

    public static IReadOnlyList<ScriptedData> All { get; } =
    [
        new("sample", TaskDescriptors.Classification.Id, ["sentence"], "paper-literal", ["negative", "positive"]),
        new(
            "pairs",
            TaskDescriptors.Classification.Id,
            ["premise", "hypothesis"],
            "Premise: {premise}\nHypothesis: {hypothesis}\nRelation: {label}\n",
            ["entailment", "neutral", "contradiction"]),
        new(
            "topics",
            TaskDescriptors.Classification.Id,
            ["text"],
            "Text: {text}\nTopic: {label}\n",
            [.. Enumerable.Range(1, 200).Select(number => $"topic {number}")]),
        new("instructions", TaskDescriptors.Completion.Id, ["prompt", "completion"], "{prompt}{completion}", []),
    ];

    public bool IsCompletion => Task == TaskDescriptors.Completion.Id;

    public DatasetEntry Entry => new()
    {
        Name = Name,
        Usable = true,
        Toy = Name == "sample",
        Task = Task,
        Columns = Columns,
        Prompt = Prompt,
        Labels = Labels,
        TrainRows = 100,
        EvalRows = 4,
    };

    public static ScriptedData Of(string dataset) => All.FirstOrDefault(data => data.Name == dataset) ?? All[0];

    /// <summary>Rows of a dataset to show.</summary>
    public static InspectResponse Rows(long id, DatasetRowsRequest request)
    {
        if (All.FirstOrDefault(data => data.Name == request.Dataset) is not { } found)
        {
            return new() { Id = id, FieldError = new("name", $"There is no dataset '{request.Dataset}'.") };
        }

        int total = request.Split == DatasetRows.Eval ? found.Entry.EvalRows : found.Entry.TrainRows;
        return new()
        {
            Id = id,
            Rows = new(
                request.Dataset,
                request.Split,
                total,
                [
                    .. Enumerable.Range(0, total).Skip(request.Offset).Take(request.Limit).Select(found.Row).Select(row => new DatasetRow
                    {
                        Row = row.Row,
                        Columns = row.Columns,
                        Label = row.Label is int label ? found.Labels[label] : null,
                    }),
                ]),
        };
    }

    /// <summary>Writes the texts of the rows; the runs of <c>sample</c> are like those of earlier versions and have none.</summary>
    public void WriteRows(string directory, int rows)
    {
        if (Name != "sample")
        {
            File.WriteAllLines(
                Path.Combine(directory, RunFiles.EvaluationRows),
                Enumerable.Range(0, rows).Select(row => JsonSerializer.Serialize(Row(row), ContractJson.Options)));
        }
    }

    /// <summary>The hash of the rows in a fingerprint; null: their texts are not written.</summary>
    public string? RowsHash(int rows)
    {
        if (Name == "sample")
        {
            return null;
        }

        using EvaluationRowsHash hash = new();
        foreach (EvaluationRow row in Enumerable.Range(0, rows).Select(Row))
        {
            hash.Add(row.Row, row.Label, row.Columns.Values);
        }

        return hash.Hex();
    }

    /// <summary>Lines of a predictions file.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="wrong">Rows that are not right.</param>
    /// <param name="loss">Loss per token of right rows; wrong ones have 1 more.</param>
    /// <param name="generates">Whether texts are generated.</param>
    public string Predictions(int rows, IReadOnlySet<int> wrong, double loss, bool generates)
    {
        CsvLines csv = new("\n");
        csv.Add(IsCompletion
            ? [.. TaskDescriptors.Completion.PredictionColumns, "exactMatch", "rougeL"]
            : ["row", "label", "predicted", .. Labels]);
        foreach (int row in Enumerable.Range(0, rows))
        {
            bool right = !wrong.Contains(row);
            csv.Add(IsCompletion ? Text(row, right, loss, generates) : Label(row, right));
        }

        return csv.ToString();
    }

    /// <summary>Metrics of an evaluation.</summary>
    public Dictionary<string, double> Metrics(int rows, int correct, double loss, bool generates)
    {
        double share = correct / (double)rows;
        loss += IsCompletion ? 1 - share : 0;
        return !IsCompletion
            ? new() { [MetricKeys.EvalAccuracy] = share, [MetricKeys.EvalMacroF1] = share, [MetricKeys.EvalLoss] = loss }
            : generates
            ? new()
            {
                [MetricKeys.EvalLoss] = loss,
                [MetricKeys.EvalPerplexity] = Math.Exp(loss),
                [MetricKeys.EvalExactMatch] = share,
                [MetricKeys.EvalRougeL] = (1 + share) / 2,
            }
            : new() { [MetricKeys.EvalLoss] = loss, [MetricKeys.EvalPerplexity] = Math.Exp(loss) };
    }

    private EvaluationRow Row(int row)
    {
        if (IsCompletion)
        {
            (string prompt, string completion) = _instructions[row % _instructions.Length];
            return new()
            {
                Row = row,
                Columns = new Dictionary<string, string> { ["prompt"] = prompt, ["completion"] = completion },
                Reference = completion,
                Prompt = prompt,
            };
        }

        (string premise, string hypothesis) = _pairs[row % _pairs.Length];
        string[] texts = Columns.Count == 2 ? [premise, hypothesis] : [$"{premise} ({row})"];
        return new()
        {
            Row = row,
            Columns = Columns.Zip(texts).ToDictionary(),
            Label = row % Labels.Count,
            Prompt = $"{string.Join('\n', texts)}\nRelation:",
            LabelTokens = [.. Labels.Select((_, label) => 1 + (label % 3))],
        };
    }

    private IEnumerable<string> Label(int row, bool right)
    {
        int label = row % Labels.Count;
        int predicted = right ? label : (label + 1 + (row % 2)) % Labels.Count;
        return [Whole(row), Whole(label), Whole(predicted), .. Labels.Select((_, i) => Real(i == predicted ? -0.25 : -1.5 - (0.01 * i)))];
    }

    private static IEnumerable<string> Text(int row, bool right, double loss, bool generates)
    {
        string completion = _instructions[row % _instructions.Length].Completion;
        int tokens = 2 + (completion.Length / 4);
        // As unlike as the rows of a real run, but the same in every run of a test.
        double spread = 0.1 * (row % 7);
        string generated = right ? completion : completion.Length < 12 ? "Lyon, I think" : completion[..(completion.Length / 2)] + "…";
        return
        [
            Whole(row), Real((loss + spread + (right ? 0 : 1)) * tokens), Whole(tokens), generates ? generated : "",
            generates ? (right ? "1" : "0") : "", generates ? Real(right ? 1 : 0.5) : "",
        ];
    }

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Real(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
