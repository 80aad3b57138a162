namespace LoraLab.Contracts.Runs;

/// <summary>An alias of an adapter.</summary>
/// <param name="Alias">The alias, for example <c>champion</c>.</param>
/// <param name="Run">Id of the run to whose adapter it refers.</param>
/// <param name="Name">Name of the run.</param>
/// <param name="MovedFrom">Id of the run to which it referred before the request; null: it is new, or referred to the same run.</param>
public sealed record RunAlias(string Alias, string Run, string Name, string? MovedFrom = null);

/// <summary>The run to whose adapter an alias shall refer.</summary>
/// <param name="Run">Id of the run.</param>
public sealed record AliasTarget(string Run);

/// <summary>Aliases.</summary>
/// <param name="Items">The aliases in alphabetical order.</param>
public sealed record AliasList(IReadOnlyList<RunAlias> Items);
