using LoraLab.Tests.Server;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>
/// A dashboard with the scripted worker: pages do not depend on the trainer, and a run takes only as long as the test needs.
/// </summary>
public sealed class ScriptedDashboard() : Dashboard(ScriptedServer.Setup with
{
    // A page offers a kill some seconds before the deadline of a cancel.
    Environment = new Dictionary<string, string> { ["LoraLab__CancelGraceSeconds"] = "15" },
});

/// <summary>Shares the <see cref="ScriptedDashboard"/>; its tests run one at a time, in parallel to other collections.</summary>
[CollectionDefinition(nameof(ScriptedDashboard))]
public sealed class ScriptedDashboardCollection : ICollectionFixture<ScriptedDashboard>;
