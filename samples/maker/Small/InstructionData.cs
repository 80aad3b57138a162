using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Small;

/// <summary>
/// Instructions with short answers that follow from them: praise or insult someone or something, contradict a statement, or say what
/// sentiment it has. An answer names its subject by a pronoun. As in the first sample, a third of the words that carry a mood occur in
/// evaluation only.
/// </summary>
internal static class InstructionData
{
    public const int TrainingRows = 900;
    public const int EvaluationRows = 120;

    private static readonly string[] _verdicts = ["awful", "wonderful"];

    private static readonly (string Answer, string[] Subjects)[] _subjects =
    [
        ("it was", [.. Words.Aspects.Select(aspect => $"the {aspect}")]),
        ("she was", ["my sister", "my wife"]),
        ("he was", ["my brother", "my father", "my husband"]),
        ("they were", ["my friends", "the critics", "the children", "our neighbours", "her parents", "his students", "our guests"]),
    ];

    public static SmallDataset Generate(ulong seed)
    {
        DistinctRows rows = new();
        JsonObject run = SmallDataset.RunOf(4e-3, 4);
        run["generateSamples"] = EvaluationRows;
        run["generateTokens"] = 16;
        return new(
            "sample-instructions",
            new JsonObject
            {
                ["task"] = "completion",
                ["train"] = "train.jsonl",
                ["eval"] = "dev.jsonl",
                ["promptColumn"] = "prompt",
                ["completionColumn"] = "completion",
            },
            run,
            new Dictionary<string, string>
            {
                ["dev.jsonl"] = JsonLines(rows, SeededRandom.For(seed, "instructions evaluation"), EvaluationRows, PolarLexicon.Full),
                ["train.jsonl"] = JsonLines(rows, SeededRandom.For(seed, "instructions training"), TrainingRows, PolarLexicon.Seen(seed)),
            });
    }

    private static string JsonLines(DistinctRows rows, SeededRandom random, int count, PolarLexicon lexicon)
    {
        IReadOnlyList<(string Prompt, string Completion)> drawn =
            rows.Draw(random, count, 4, kind => Instruction(random, kind, lexicon), row => row.Prompt);
        return string.Concat(drawn.Select(row => JsonSerializer.Serialize(
            new { prompt = row.Prompt, completion = row.Completion }) + "\n"));
    }

    private static (string Prompt, string Completion) Instruction(SeededRandom random, int kind, PolarLexicon lexicon)
    {
        (string answer, string[] subjects) = random.Pick(_subjects);
        string subject = random.Pick(subjects);
        string place = random.Chance(0.7) ? $" {random.Pick(Words.Places)}" : "";
        Mood mood = (Mood)random.NextIndex(2);
        string statement = $"{subject} {answer.Split(' ')[1]} {random.Pick(lexicon[mood, PolarKind.Adjective])}";
        return kind switch
        {
            0 => ($"praise {subject}{place}:", $" {answer} wonderful."),
            1 => ($"insult {subject}{place}:", $" {answer} awful."),
            2 => ($"contradict {statement}{place}:", $" {answer} {_verdicts[(int)mood.Opposite()]}."),
            _ => ($"sentiment of {statement}{place}:", mood == Mood.Positive ? " positive" : " negative"),
        };
    }
}
