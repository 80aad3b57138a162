using System.Text.Json.Nodes;
using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Small;

/// <summary>
/// Sentences about a time, a place, a person or a part of a film. In a third of them, a subordinate clause is about something else: the
/// main clause decides.
/// </summary>
internal static class TopicData
{
    public const int TrainingRows = 1200;
    public const int EvaluationRows = 300;

    private const double Distracted = 1.0 / 3;

    /// <summary>The labels, with what their sentences are about; a label itself occurs in no sentence.</summary>
    public static IReadOnlyList<(string Label, string[] Subjects)> Topics { get; } =
    [
        ("time", [.. Words.Days.Select(day => $"that {day}"), .. Words.Months]),
        ("place", [.. Words.Rooms.Select(room => $"the {room}")]),
        ("person", Words.Persons),
        ("film", [.. Words.Aspects.Select(aspect => $"the {aspect}")]),
    ];

    public static SmallDataset Generate(ulong seed)
    {
        DistinctRows rows = new();
        return new(
            "sample-topics",
            new JsonObject
            {
                ["columns"] = new JsonArray("text"),
                ["labelColumn"] = "topic",
                ["labels"] = new JsonArray([.. Topics.Select(topic => JsonValue.Create(topic.Label))]),
                ["selection"] = new JsonObject { ["minWords"] = 3, ["minRows"] = 100 },
            },
            SmallDataset.RunOf(4e-3, 2),
            new Dictionary<string, string>
            {
                ["dev.tsv"] = Tsv(rows, SeededRandom.For(seed, "topics evaluation"), EvaluationRows),
                ["train.tsv"] = Tsv(rows, SeededRandom.For(seed, "topics training"), TrainingRows),
            });
    }

    private static string Tsv(DistinctRows rows, SeededRandom random, int count)
    {
        Clauses clauses = new(random, PolarLexicon.Full);
        IReadOnlyList<(string Text, string Label)> drawn = rows.Draw(
            random, count, Topics.Count, label => (Text(random, clauses, label), Topics[label].Label), row => row.Item1);
        return "text\ttopic\n" + string.Concat(drawn.Select(row => $"{row.Text}\t{row.Label}\n"));
    }

    private static string Text(SeededRandom random, Clauses clauses, int topic)
    {
        string main = Statement(topic);
        if (!random.Chance(Distracted))
        {
            return random.Chance(0.5) ? $"{main} {random.Pick(Words.Places)}." : $"{main}.";
        }

        int other = (topic + 1 + random.NextIndex(Topics.Count - 1)) % Topics.Count;
        return $"{random.Pick(["although", "even though", "while"])} {Statement(other)}, {main}.";

        string Statement(int about) =>
            clauses.Statement(random.Pick(Topics[about].Subjects), (Mood)random.NextIndex(2));
    }
}
