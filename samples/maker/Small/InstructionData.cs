using System.Text.Json;
using LoraLab.SampleMaker.Text;

namespace LoraLab.SampleMaker.Small;

/// <summary>
/// Instructions with short answers that follow from them: praise or insult something, contradict a statement, or say what mood a word has.
/// </summary>
internal static class InstructionData
{
    public const int TrainingRows = 900;
    public const int EvaluationRows = 120;

    private static readonly string[] _verdicts = ["awful", "wonderful"];

    public static SmallDataset Generate(ulong seed)
    {
        DistinctRows rows = new();
        return new("sample-instructions", new Dictionary<string, string>
        {
            ["dev.jsonl"] = JsonLines(rows, SeededRandom.For(seed, "instructions evaluation"), EvaluationRows, PolarLexicon.Full),
            ["train.jsonl"] = JsonLines(rows, SeededRandom.For(seed, "instructions training"), TrainingRows, PolarLexicon.Seen(seed)),
            ["dataset.json"] = """
                {
                  "task": "completion",
                  "train": "train.jsonl",
                  "eval": "dev.jsonl",
                  "promptColumn": "prompt",
                  "completionColumn": "completion",
                  "toy": true
                }

                """,
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
        string subject = $"{random.Pick(Words.Determiners)} {random.Pick(Words.Aspects)}";
        string place = random.Chance(0.5) ? $" {random.Pick(Words.Places)}" : "";
        Mood mood = (Mood)random.NextIndex(2);
        string statement = $"{subject} was {random.Pick(lexicon[mood, PolarKind.Adjective])}";
        return kind switch
        {
            0 => ($"praise {subject}{place}:", $" {subject} was wonderful."),
            1 => ($"insult {subject}{place}:", $" {subject} was awful."),
            2 => ($"contradict {statement}{place}:", $" {subject} was {_verdicts[(int)mood.Opposite()]}."),
            _ => ($"sentiment of {statement}{place}:", mood == Mood.Positive ? " positive" : " negative"),
        };
    }
}
