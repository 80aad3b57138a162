namespace LoraLab.Web.Pages.Studies;

/// <summary>The server's sentences about a plan, by the place in the form where they belong.</summary>
/// <param name="All">Sentences by the API's field names: <c>seeds</c>, <c>spec.rank</c>, <c>methods[0].grid.learningRate</c>, or a field of a run that is refused.</param>
public sealed record StudyErrors(IReadOnlyDictionary<string, IReadOnlyList<string>> All)
{
    public static StudyErrors None { get; } = new(new Dictionary<string, IReadOnlyList<string>>());

    /// <summary>Of a member of the plan, and of what lies in it.</summary>
    public IReadOnlyList<string> Of(string member) =>
        [.. All.Where(error => error.Key == member || error.Key.StartsWith(member + ".", StringComparison.Ordinal) || error.Key.StartsWith(member + "[", StringComparison.Ordinal)).SelectMany(error => error.Value).Distinct()];

    /// <summary>Of a method: those of its place in the list, and those of its runs, which begin with its id.</summary>
    public IReadOnlyList<string> OfMethod(int index, string id) =>
        [.. All.SelectMany(error => error.Key.StartsWith($"methods[{index}]", StringComparison.Ordinal) ? error.Value : error.Value.Where(sentence => IsOfRun(sentence, id))).Distinct()];

    /// <summary>Of the shared protocol's fields, by the names that the form of a run has.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> OfProtocol() => All
        .Where(error => !error.Key.StartsWith("methods", StringComparison.Ordinal))
        .GroupBy(error => error.Key.StartsWith("spec.", StringComparison.Ordinal) ? error.Key["spec.".Length..] : error.Key)
        .ToDictionary(error => error.Key, error => (IReadOnlyList<string>)[.. error.SelectMany(sentences => sentences.Value).Distinct()]);

    private static bool IsOfRun(string sentence, string id) =>
        sentence.StartsWith(id + " with ", StringComparison.Ordinal) || sentence.StartsWith(id + ", ", StringComparison.Ordinal);
}
