namespace LoraLab.Tests.Architecture;

/// <summary>The layers of a project: its top-level folders. Each may use only the layers before it.</summary>
/// <param name="Project">The project, which is the first part of its namespaces.</param>
/// <param name="Names">The layers, lowest first; <see cref="Root"/> stands for files in the project folder itself.</param>
/// <param name="MaxDependencies">Limit on pairs of layers of which one uses the other; it may be lowered, and raised only
/// with a new layer.</param>
internal sealed record Layers(string Project, IReadOnlyList<string> Names, int MaxDependencies)
{
    /// <summary>The project folder itself.</summary>
    public const string Root = "(root)";

    /// <summary>All projects with layers, as listed in <c>docs/architecture.md</c>.</summary>
    public static IReadOnlyList<Layers> All { get; } =
    [
        new(
            "LoraLab.Contracts",
            [Root, "Metrics", "Tasks", "Methods", "Runs", "Catalog", "Worker", "Machine", "Live", "Compare", "Experiments"],
            14),
        new("LoraLab.Files", [Root], 0),
        new(
            "LoraLab.Server",
            [
                "Infrastructure", "Domain", "Security", "Storage", "Live", "Workers", "Scheduling", "Runs", "Library", "System",
                "Comparison", "Experiments", "Hosting", Root,
            ],
            56),
        new(
            "LoraLab.Training",
            ["Files", "Torch", "Tokenization", "Data", "Adapters", "Models", "Tasks", "Specs", "Training", "Hub", "Cli", Root],
            40),
        new("LoraLab.Web", ["Api", "State", "Components", "Charts", "Layout", "Pages", Root], 20),
    ];

    /// <summary>The layers of a project.</summary>
    public static Layers For(string project) => All.Single(layers => layers.Project == project);

    /// <summary>The layer of a namespace; null: the namespace is outside the project.</summary>
    public string? LayerOf(string space) => space == Project ? Root
        : space.StartsWith(Project + ".", StringComparison.Ordinal) ? space[(Project.Length + 1)..].Split('.')[0]
        : null;

    /// <summary>Whether a layer may use another, which must come before it in the list.</summary>
    public bool Allows(string from, string to) => Index(from) is >= 0 and int user && Index(to) is >= 0 and int used && used < user;

    private int Index(string layer) => Names.ToList().IndexOf(layer);
}
