namespace LoraLab.Tests.Architecture;

/// <summary>The rooms of a project: the folders right below it. Each may use those before it.</summary>
/// <param name="Project">The project, which is the first part of its namespaces.</param>
/// <param name="Names">Its rooms, lowest first; <see cref="Root"/> is what lies in the project's own folder.</param>
/// <param name="MostArrows">Pairs of rooms of which one uses the other: a number that may fall, never rise.</param>
internal sealed record Rooms(string Project, IReadOnlyList<string> Names, int MostArrows)
{
    /// <summary>The project's own folder.</summary>
    public const string Root = "(root)";

    /// <summary>The projects with rooms, as <c>docs/architecture.md</c> shows them.</summary>
    public static IReadOnlyList<Rooms> All { get; } =
    [
        new("LoraLab.Contracts", [Root, "Metrics", "Methods", "Runs", "Catalog", "Worker", "Machine", "Live", "Compare", "Experiments"], 11),
        new("LoraLab.Files", [Root], 0),
        new("LoraLab.Server", ["Infrastructure", "Domain", "Security", "Storage", "Live", "Workers", "Scheduling", "Runs", "Library", "System", "Comparison", "Experiments", "Hosting", Root], 54),
        new("LoraLab.Training", ["Files", "Torch", "Tokenization", "Data", "Adapters", "Models", "Specs", "Training", "Hub", "Cli", Root], 35),
        new("LoraLab.Web", ["Api", "State", "Components", "Charts", "Layout", "Pages", Root], 20),
    ];

    /// <summary>The rooms of a project.</summary>
    public static Rooms Of(string project) => All.Single(rooms => rooms.Project == project);

    /// <summary>The room of a namespace of the project; null: it is none of its own.</summary>
    public string? RoomOf(string space) => space == Project ? Root
        : space.StartsWith(Project + ".", StringComparison.Ordinal) ? space[(Project.Length + 1)..].Split('.')[0]
        : null;

    /// <summary>Whether a room may use another: it comes later in the list.</summary>
    public bool Allows(string from, string to) => Place(from) is >= 0 and int user && Place(to) is >= 0 and int used && used < user;

    private int Place(string room) => Names.ToList().IndexOf(room);
}
