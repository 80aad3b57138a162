using LoraLab.Web;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace LoraLab.Tests.Web;

/// <summary>Who reads the address of a page.</summary>
public sealed class QueryParameterTests
{
    /// <summary>
    /// A component inside a page that begins to listen to the address while the page is told of a new one makes Blazor fail: who listens
    /// after it learns nothing.
    /// </summary>
    [Fact]
    public void ParametersFromTheQuery_OfComponents_AreThoseOfPages()
    {
        Type[] readers =
        [
            .. typeof(App).Assembly.GetTypes().Where(type =>
                type.GetProperties().Any(property => property.IsDefined(typeof(SupplyParameterFromQueryAttribute), false))),
        ];

        Assert.NotEmpty(readers);
        Assert.Empty(readers.Where(type => !type.IsDefined(typeof(RouteAttribute), false)).Select(type => type.FullName));
    }
}
