using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Small;

/// <summary>
/// Pairs of statements about parts of a film, of which the first or the second is the better review, or both are alike. As in the first
/// sample, a third of the words that carry a mood occur in evaluation only.
/// </summary>
internal static class PairData
{
    public const int TrainingRows = 2400;
    public const int EvaluationRows = 300;

    public static readonly string[] Labels = ["first", "second", "alike"];

    public static SmallDataset Generate(ulong seed)
    {
        DistinctRows rows = new();
        return new(
            "sample-pairs",
            new JsonObject
            {
                ["train"] = "train.jsonl",
                ["eval"] = "dev.jsonl",
                ["columns"] = new JsonArray("one", "two"),
                ["labelColumn"] = "better",
                ["labels"] = new JsonArray([.. Labels.Select(label => JsonValue.Create(label))]),
                ["selection"] = new JsonObject { ["minWords"] = 3, ["minRows"] = 100 },
            },
            SmallDataset.RunOf(4e-3, 2),
            new Dictionary<string, string>
            {
                ["dev.jsonl"] = JsonLines(rows, SeededRandom.For(seed, "pairs evaluation"), EvaluationRows, PolarLexicon.Full),
                ["train.jsonl"] = JsonLines(rows, SeededRandom.For(seed, "pairs training"), TrainingRows, PolarLexicon.Seen(seed)),
            });
    }

    private static string JsonLines(DistinctRows rows, SeededRandom random, int count, PolarLexicon lexicon)
    {
        Clauses clauses = new(random, lexicon);
        IReadOnlyList<(string One, string Two, string Better)> drawn = rows.Draw(
            random, count, Labels.Length, label => Pair(random, clauses, label), row => $"{row.One}\n{row.Two}");
        return string.Concat(drawn.Select(row => JsonSerializer.Serialize(
            new { one = row.One, two = row.Two, better = row.Better }) + "\n"));
    }

    private static (string One, string Two, string Better) Pair(SeededRandom random, Clauses clauses, int label)
    {
        Mood one = label switch
        {
            0 => Mood.Positive,
            1 => Mood.Negative,
            _ => (Mood)random.NextIndex(2),
        };
        return (Text(one), Text(one.Turned(label < 2)), Labels[label]);

        string Text(Mood mood) => clauses.Statement($"{random.Pick(Words.Determiners)} {random.Pick(Words.Aspects)}", mood) + ".";
    }
}
