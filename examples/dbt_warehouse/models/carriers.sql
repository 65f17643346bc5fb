select
    flights.carrier,
    any_value(airlines.name) as name,
    count(*) as flights,
    sum(flights.distance) as miles
from {{ source('warehouse', 'flights') }} as flights
left join {{ source('warehouse', 'airlines') }} as airlines on airlines.carrier = flights.carrier
group by flights.carrier
