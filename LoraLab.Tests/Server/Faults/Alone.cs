using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Tests that require a server to respond within a second or two: they run last, sequentially, with nothing in parallel.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
