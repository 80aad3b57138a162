using LoraLab.Tests.Server;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>With the scripted worker: what the pages show does not depend on who trained, and a run takes no longer than the test needs.</summary>
public sealed class ScriptedDashboard() : Dashboard(ScriptedServer.Setup with
{
    // A page offers to kill a worker that does not obey some seconds before its time is up.
    Environment = new Dictionary<string, string> { ["LoraLab__CancelGraceSeconds"] = "15" },
});

/// <summary>Shares the <see cref="ScriptedDashboard"/>: one page after the other, beside the other tests.</summary>
[CollectionDefinition(nameof(ScriptedDashboard))]
public sealed class ScriptedDashboardCollection : ICollectionFixture<ScriptedDashboard>;
