using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>With the real trainer: for the forms, which show its sentences and figures, and for two tests whose runs train.</summary>
public sealed class RealDashboard() : Dashboard(new ServerSetup());

/// <summary>Shares the <see cref="RealDashboard"/>: one page after the other, beside the other tests.</summary>
[CollectionDefinition(nameof(RealDashboard))]
public sealed class RealDashboardCollection : ICollectionFixture<RealDashboard>;
