using System.Globalization;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>Instructions of a test to the worker, as words in the run's notes: <c>crash=5 delay=20 stubborn</c>.</summary>
internal sealed class Script(string? notes, int attempt = 1)
{
    private readonly Dictionary<string, string> _words = (notes ?? "")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(word => word.Split('=', 2))
        .Select(parts => parts[0].EndsWith($"@{attempt}", StringComparison.Ordinal)
            ? [parts[0][..parts[0].IndexOf('@', StringComparison.Ordinal)], .. parts[1..]]
            : parts)
        .GroupBy(parts => parts[0])
        .ToDictionary(group => group.Key, group => group.First().ElementAtOrDefault(1) ?? "");

    public bool Has(string word) => _words.ContainsKey(word);

    public string Text(string word, string fallback) => _words.GetValueOrDefault(word) is { Length: > 0 } text ? text : fallback;

    /// <summary>Parses integers and ranges such as <c>3,5-9</c>.</summary>
    public IReadOnlySet<int> Numbers(string word) => Text(word, "").Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray())
        .SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1))
        .ToHashSet();

    public double Real(string word, double fallback) =>
        _words.TryGetValue(word, out string? text) && double.TryParse(text, CultureInfo.InvariantCulture, out double number)
            ? number
            : fallback;

    public int Number(string word, int fallback = 0) =>
        _words.TryGetValue(word, out string? text) && int.TryParse(text, CultureInfo.InvariantCulture, out int number) ? number : fallback;
}
