using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Tests that hold a server to times of a second or two: they run at the end, one after the other, with nothing beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
