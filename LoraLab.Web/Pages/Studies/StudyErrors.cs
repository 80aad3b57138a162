namespace LoraLab.Web.Pages.Studies;

/// <summary>The server's validation errors of a plan, mapped to the parts of the form.</summary>
/// <param name="All">Messages by API field name: <c>seeds</c>, <c>spec.rank</c>, <c>methods[0].grid.learningRate</c>, or a field of a
/// rejected run.</param>
public sealed record StudyErrors(IReadOnlyDictionary<string, IReadOnlyList<string>> All)
{
    public static StudyErrors None { get; } = new(new Dictionary<string, IReadOnlyList<string>>());

    /// <summary>Messages for a member of the plan and everything nested in it.</summary>
    public IReadOnlyList<string> For(string member) =>
        [.. All.Where(error => error.Key == member || error.Key.StartsWith(member + ".", StringComparison.Ordinal)
            || error.Key.StartsWith(member + "[", StringComparison.Ordinal)).SelectMany(error => error.Value).Distinct()];

    /// <summary>Messages for a method: those for its list index, and those for its runs, which begin with its ID.</summary>
    public IReadOnlyList<string> ForMethod(int index, string id) =>
        [.. All.SelectMany(error => error.Key.StartsWith($"methods[{index}]", StringComparison.Ordinal)
            ? error.Value
            : error.Value.Where(message => IsAboutRunOf(message, id))).Distinct()];

    /// <summary>Messages for the fields of the shared protocol, by the field names of the run form.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ForProtocol() => All
        .Where(error => !error.Key.StartsWith("methods", StringComparison.Ordinal))
        .GroupBy(error => error.Key.StartsWith("spec.", StringComparison.Ordinal) ? error.Key["spec.".Length..] : error.Key)
        .ToDictionary(error => error.Key, error => (IReadOnlyList<string>)[.. error.SelectMany(messages => messages.Value).Distinct()]);

    private static bool IsAboutRunOf(string message, string id) =>
        message.StartsWith(id + " with ", StringComparison.Ordinal) || message.StartsWith(id + ", ", StringComparison.Ordinal);
}
